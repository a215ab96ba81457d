import { HttpError, type PageProps } from "fresh";

export default function ErrorPage({ error }: PageProps) {
  return <h1>Error {error instanceof HttpError ? error.status : 500}</h1>;
}
