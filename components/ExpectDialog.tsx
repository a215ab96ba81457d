/** Says that an alert is expected: how far that goes, why, and until when. Writes one entry of the settings. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Anomaly, Expected } from "../model/api.ts";
import {
  expectRequest,
  MAX_COMMENT,
  SCOPE,
  type ScopeField,
  scopeLabel,
  scopeOffered,
  scopeText,
} from "./expect_words.ts";
import { Icon } from "./Icon.tsx";
import { legible } from "./legible.ts";

export interface ExpectDialogProps {
  alert: Anomaly;
  /** Called once: with the entry that was made, or null. */
  onClose: (entry: Expected | null) => void;
}

export function ExpectDialog({ alert, onClose }: ExpectDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const offered = scopeOffered(alert);
  const [fields, setFields] = useState(() => new Set<ScopeField>(SCOPE.filter((field) => field in offered)));
  const [comment, setComment] = useState("");
  const [until, setUntil] = useState("");
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const done = useRef<Expected | null>(null);
  useEffect(() => {
    if (!dialog.current!.open) dialog.current!.showModal();
  }, []);

  const toggle = (field: ScopeField) => {
    const next = new Set(fields);
    if (!next.delete(field)) next.add(field);
    setFields(next);
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (fields.size === 0 || busy) return;
    setBusy(true);
    setTrouble(
      await post(
        `/api/anomalies/${encodeURIComponent(alert.id)}/expect`,
        expectRequest(fields, comment, until),
      ),
    );
    setBusy(false);
  };
  const post = async (url: string, body: object): Promise<string> => {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (!answer.ok) {
        const why = await answer.json().catch(() => null) as { detail?: string } | null;
        return why?.detail ?? `It could not be saved (${answer.status})`;
      }
      done.current = await answer.json() as Expected;
      dialog.current!.close();
      return "";
    } catch {
      return "No answer from Netpane: nothing was saved";
    }
  };
  return (
    <dialog
      class="expect"
      ref={dialog}
      aria-labelledby={`${id}-title`}
      onClose={() => onClose(done.current)}
      onClick={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close(); // the backdrop
      }}
    >
      <form class="expect-form" onSubmit={send}>
        <h2 id={`${id}-title`}>Expect this from now on</h2>
        <fieldset>
          <legend>As far as all of this fits</legend>
          {SCOPE.filter((field) => field in offered).map((field) => (
            <label key={field} class="expect-scope">
              <input type="checkbox" checked={fields.has(field)} onChange={() => toggle(field)} />
              <span class="label">{scopeLabel(field)}</span>
              <span class="foreign">{legible(offered[field]!, 120)}</span>
            </label>
          ))}
        </fieldset>
        <p class="expect-means" role="status">{scopeText(alert, fields)}.</p>
        <label class="expect-field">
          <span>Why it is expected</span>
          <input
            type="text"
            name="comment"
            value={comment}
            maxLength={MAX_COMMENT}
            required
            autocomplete="off"
            placeholder="Nightly backup, agreed with …"
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </label>
        <label class="expect-field">
          <span>
            Until <span class="dim">(may stay empty)</span>
          </span>
          <input
            type="date"
            name="until"
            value={until}
            onInput={(event) => setUntil(event.currentTarget.value)}
          />
        </label>
        {trouble !== "" && <p class="banner banner-error" role="alert">{trouble}</p>}
        <p class="expect-buttons">
          <button type="button" class="button" onClick={() => dialog.current!.close()}>Cancel</button>
          <button type="submit" class="button button-main" disabled={fields.size === 0 || busy}>
            <Icon name="check" />
            Expect it
          </button>
        </p>
      </form>
    </dialog>
  );
}
