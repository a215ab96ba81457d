/** Something went wrong while a page was made: said to the reader in words, and to the log in full. */
import { HttpError } from "fresh";
import { Notice } from "../components/Notice.tsx";
import { define } from "../state.ts";

export default define.page(function Failure({ error, url }) {
  const status = error instanceof HttpError ? error.status : 500;
  if (status === 404) return <Notice title="No such page" />;
  // With an error page in place nobody else logs.
  if (status >= 500) console.error(`Cannot answer ${url.pathname}`, error);
  return (
    <Notice title={status >= 500 ? "This page could not be made" : "This request was not understood"}>
      <p>
        {status >= 500
          ? "The cause is in Netpane’s log, in the shell it was started from. Capture goes on."
          : "Check the address."}
      </p>
    </Notice>
  );
});
