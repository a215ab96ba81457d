/** What a query has wrong, with the parameter at fault. */
export class QueryError extends Error {
  override name = "QueryError";
  /**
   * @param field The parameter; "" where it is the whole.
   * @param at Where in its text, counted from 0; absent where it is the whole value.
   */
  constructor(readonly field: string, message: string, readonly at?: number) {
    super(message);
  }
}
