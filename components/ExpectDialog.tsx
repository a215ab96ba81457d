/** Says that an alert is expected: how far that goes, why, and until when. Writes one entry of the settings. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Anomaly, Expected } from "../model/api.ts";
import {
  expectRequest,
  MAX_COMMENT,
  narrowest,
  SCOPE,
  type ScopeField,
  scopeLabel,
  scopeOffered,
  scopeText,
  valueWords,
} from "./expect_words.ts";
import { Icon } from "./Icon.tsx";

export interface ExpectDialogProps {
  alert: Anomaly;
  /** Called once: with the entry that was made, or null. */
  onClose: (entry: Expected | null) => void;
}

export function ExpectDialog({ alert, onClose }: ExpectDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const offered = scopeOffered(alert);
  const [scope, setScope] = useState(() => narrowest(alert));
  /** The value each field has, or had when it was last chosen. */
  const [values, setValues] = useState(() => narrowest(alert));
  const [comment, setComment] = useState("");
  const [until, setUntil] = useState("");
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const done = useRef<Expected | null>(null);
  useEffect(() => {
    if (!dialog.current!.open) dialog.current!.showModal();
  }, []);

  const toggle = (field: ScopeField) => {
    const next = new Map(scope);
    if (!next.delete(field)) next.set(field, values.get(field)!);
    setScope(next);
  };
  const choose = (field: ScopeField, value: string) => {
    setValues(new Map(values).set(field, value));
    setScope(new Map(scope).set(field, value));
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (scope.size === 0 || busy) return;
    setBusy(true);
    setTrouble(
      await post(
        `/api/anomalies/${encodeURIComponent(alert.id)}/expect`,
        expectRequest(scope, comment, until),
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
            <div key={field} class="expect-scope">
              <label>
                <input type="checkbox" checked={scope.has(field)} onChange={() => toggle(field)} />
                <span class="label">{scopeLabel(field)}</span>
                {offered[field]!.length === 1 && (
                  <span class="foreign">{valueWords(alert, field, offered[field]![0])}</span>
                )}
              </label>
              {offered[field]!.length > 1 && (
                <select
                  aria-label={`${scopeLabel(field)}: address or name`}
                  value={values.get(field)}
                  onChange={(event) => choose(field, event.currentTarget.value)}
                >
                  {offered[field]!.map((value) => (
                    <option key={value} value={value}>{valueWords(alert, field, value)}</option>
                  ))}
                </select>
              )}
            </div>
          ))}
        </fieldset>
        <p class="expect-means" role="status">{scopeText(alert, scope)}.</p>
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
          <button type="submit" class="button button-main" disabled={scope.size === 0 || busy}>
            <Icon name="check" />
            Expect it
          </button>
        </p>
      </form>
    </dialog>
  );
}
