/** What speaks for a card number or a login in clear text: as much of it as may be shown, how sure it is and why. */
import { Bar } from "./Bar.tsx";
import {
  brandOf,
  cardText,
  encodingOf,
  lastDigits,
  methodOf,
  numberDetail,
  reasonsOf,
  textDetail,
} from "./finding_words.ts";
import { count, percent } from "./format.ts";
import { legible } from "./legible.ts";

export interface CardEvidenceProps {
  details: Record<string, unknown>;
  /** Show the issuer's digits of card numbers too. */
  withFirst: boolean;
  /** Other alerts of the same card. */
  alike: number;
}

export function CardEvidence({ details, withFirst, alike }: CardEvidenceProps) {
  const masked = textDetail(details, "masked");
  const protocol = textDetail(details, "protocol");
  const method = textDetail(details, "method");
  const userLength = numberDetail(details, "user_length");
  return (
    <>
      {masked !== "" && (
        <p class="finding-card">
          <span class="foreign">{legible(brandOf(textDetail(details, "brand")))}</span>{" "}
          <CardNumber masked={masked} withFirst={withFirst} />
          {alike > 0 && <span class="dim finding-alike">{`the same card is in ${count(alike)} more`}</span>}
        </p>
      )}
      {(protocol !== "" || method !== "") && (
        <p>
          {protocol !== "" && <b class="foreign">{legible(protocol.toUpperCase())}</b>}
          {method !== "" && <span class="foreign">{` ${legible(methodOf(method))}`}</span>}
          {userLength !== null && userLength > 0 && (
            <span class="dim">{`, user name of ${count(userLength)} characters`}</span>
          )}
        </p>
      )}
      <Why details={details} />
    </>
  );
}

/** Dots are for the eye; a screen reader hears what they mean. */
function CardNumber({ masked, withFirst }: { masked: string; withFirst: boolean }) {
  const last = [...lastDigits(masked)].join(" ");
  const first = withFirst ? [.../^\d{0,6}/.exec(masked)![0]].join(" ") : "";
  return (
    <>
      <span class="mono finding-digits" aria-hidden="true">{cardText(masked, withFirst)}</span>
      <span class="visually-hidden">
        {first === "" ? `card number ending in ${last}` : `card number from ${first} to ${last}`}
      </span>
    </>
  );
}

/** How sure it is, and what speaks for and against. */
function Why({ details }: { details: Record<string, unknown> }) {
  const confidence = numberDetail(details, "confidence");
  const encoding = textDetail(details, "encoding");
  const reasons = reasonsOf(details.reasons);
  if (encoding === "" && reasons.length === 0) return null; // a rule's own confidence stands beside its severity
  return (
    <div class="finding-why">
      {confidence !== null && (
        <div class="finding-sure">
          <span>
            <span class="label">confidence</span> {percent(Math.min(1, confidence))}
            {encoding !== "" && (
              <>
                <span class="label">, found in</span>{" "}
                <span class="foreign">{legible(encodingOf(encoding))}</span>
              </>
            )}
          </span>
          <Bar share={confidence} />
        </div>
      )}
      {reasons.length > 0 && (
        <ul class="reasons">
          {reasons.map(({ text, weight }) => (
            <li key={text} class={weight < 0 ? "reason-against" : weight > 0 ? "reason-for" : undefined}>
              <span class="reason-sign" aria-hidden="true">{weight < 0 ? "−" : weight > 0 ? "+" : "·"}</span>
              <span class="visually-hidden">{weight < 0 ? "against: " : weight > 0 ? "for: " : ""}</span>
              <span class="foreign">{legible(text)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
