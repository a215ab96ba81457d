/** Pages whose filter cannot be read: they come all the same, without rows, and say what is wrong. */
import { QueryError } from "../monitor/query_error.ts";

export interface PageTrouble {
  text: string;
  at: number | null;
}

/** What was asked for, or what there is without; and the status that tells the truth. */
export interface Asked<T> {
  answer: T;
  trouble: PageTrouble | null;
  status: 200 | 400;
}

/** @param without Asks for nothing that could be wrong. */
export function askOrTell<T>(ask: () => T, without: () => T): Asked<T> {
  try {
    return { answer: ask(), trouble: null, status: 200 };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return { answer: without(), trouble: { text: error.message, at: error.at ?? null }, status: 400 };
  }
}
