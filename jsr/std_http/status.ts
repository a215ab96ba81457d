/**
 * HTTP status codes by name, and their words (RFC 9110 §15 and the IANA registry of status codes).
 *
 * @module
 */

/** Status codes by name. */
export const STATUS_CODE = {
  Continue: 100,
  SwitchingProtocols: 101,
  Processing: 102,
  EarlyHints: 103,
  OK: 200,
  Created: 201,
  Accepted: 202,
  NonAuthoritativeInfo: 203,
  NoContent: 204,
  ResetContent: 205,
  PartialContent: 206,
  MultiStatus: 207,
  AlreadyReported: 208,
  IMUsed: 226,
  MultipleChoices: 300,
  MovedPermanently: 301,
  Found: 302,
  SeeOther: 303,
  NotModified: 304,
  UseProxy: 305,
  TemporaryRedirect: 307,
  PermanentRedirect: 308,
  BadRequest: 400,
  Unauthorized: 401,
  PaymentRequired: 402,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  ProxyAuthRequired: 407,
  RequestTimeout: 408,
  Conflict: 409,
  Gone: 410,
  LengthRequired: 411,
  PreconditionFailed: 412,
  ContentTooLarge: 413,
  URITooLong: 414,
  UnsupportedMediaType: 415,
  RangeNotSatisfiable: 416,
  ExpectationFailed: 417,
  Teapot: 418,
  MisdirectedRequest: 421,
  UnprocessableEntity: 422,
  Locked: 423,
  FailedDependency: 424,
  TooEarly: 425,
  UpgradeRequired: 426,
  PreconditionRequired: 428,
  TooManyRequests: 429,
  RequestHeaderFieldsTooLarge: 431,
  UnavailableForLegalReasons: 451,
  InternalServerError: 500,
  NotImplemented: 501,
  BadGateway: 502,
  ServiceUnavailable: 503,
  GatewayTimeout: 504,
  HTTPVersionNotSupported: 505,
  VariantAlsoNegotiates: 506,
  InsufficientStorage: 507,
  LoopDetected: 508,
  NotExtended: 510,
  NetworkAuthenticationRequired: 511,
} as const;

type Codes = typeof STATUS_CODE;
type CodeOf<Name extends keyof Codes> = Codes[Name];

/** Any known status code. */
export type StatusCode = Codes[keyof Codes];

/** Codes from 100 to 199. */
export type InformationalStatus = CodeOf<"Continue" | "SwitchingProtocols" | "Processing" | "EarlyHints">;

/** Codes from 200 to 299. */
export type SuccessfulStatus = CodeOf<
  | "OK"
  | "Created"
  | "Accepted"
  | "NonAuthoritativeInfo"
  | "NoContent"
  | "ResetContent"
  | "PartialContent"
  | "MultiStatus"
  | "AlreadyReported"
  | "IMUsed"
>;

/** Codes from 300 to 399 that send the client elsewhere. */
export type RedirectStatus = CodeOf<
  | "MultipleChoices"
  | "MovedPermanently"
  | "Found"
  | "SeeOther"
  | "UseProxy"
  | "TemporaryRedirect"
  | "PermanentRedirect"
>;

/** Codes from 500 to 599. */
export type ServerErrorStatus = CodeOf<
  | "InternalServerError"
  | "NotImplemented"
  | "BadGateway"
  | "ServiceUnavailable"
  | "GatewayTimeout"
  | "HTTPVersionNotSupported"
  | "VariantAlsoNegotiates"
  | "InsufficientStorage"
  | "LoopDetected"
  | "NotExtended"
  | "NetworkAuthenticationRequired"
>;

/** Codes from 400 to 499. */
export type ClientErrorStatus = Exclude<
  StatusCode,
  InformationalStatus | SuccessfulStatus | RedirectStatus | ServerErrorStatus | Codes["NotModified"]
>;

/** Codes from 400 to 599. */
export type ErrorStatus = ClientErrorStatus | ServerErrorStatus;

/** Words of a status. */
export type StatusText = string;

/** Words of each status, for example `STATUS_TEXT[404]`, "Not Found". */
export const STATUS_TEXT: Readonly<Record<StatusCode, StatusText>> = Object.fromEntries(
  Object.entries(STATUS_CODE).map(([name, code]) => [
    code,
    name === "Teapot" ? "I'm a teapot" : name.replace(/([a-z])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$& "),
  ]),
) as Record<StatusCode, StatusText>;

const CODES: ReadonlySet<number> = new Set(Object.values(STATUS_CODE));

const isBetween = (status: number, from: number, to: number) =>
  CODES.has(status) && status >= from && status <= to;

/** Whether the number is a known status code. */
export function isStatus(status: number): status is StatusCode {
  return CODES.has(status);
}

/** Whether the number is a known code from 100 to 199. */
export function isInformationalStatus(status: number): status is InformationalStatus {
  return isBetween(status, 100, 199);
}

/** Whether the number is a known code from 200 to 299. */
export function isSuccessfulStatus(status: number): status is SuccessfulStatus {
  return isBetween(status, 200, 299);
}

/** Whether the number is a known code from 300 to 399. */
export function isRedirectStatus(status: number): status is RedirectStatus {
  return isBetween(status, 300, 399);
}

/** Whether the number is a known code from 400 to 499. */
export function isClientErrorStatus(status: number): status is ClientErrorStatus {
  return isBetween(status, 400, 499);
}

/** Whether the number is a known code from 500 to 599. */
export function isServerErrorStatus(status: number): status is ServerErrorStatus {
  return isBetween(status, 500, 599);
}

/** Whether the number is a known code from 400 to 599. */
export function isErrorStatus(status: number): status is ErrorStatus {
  return isBetween(status, 400, 599);
}
