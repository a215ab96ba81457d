// The one error class that carries an HTTP status. It is here by itself because islands may import it
// too, so it must not pull any server code along.
import type { ErrorStatus } from "@std/http/status";

/**
 * An error with an HTTP status: throw it from a handler, a middleware or a component.
 *
 * @example
 * ```ts
 * throw new HttpError(404, "no such flow");
 * ```
 */
export class HttpError extends Error {
  /** Status of the response, 400 to 599. */
  status: ErrorStatus;

  /**
   * @param status Status of the response.
   * @param message What the client is told; the words of the status when left out.
   */
  constructor(status: ErrorStatus, message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HttpError";
    this.status = status;
  }
}
