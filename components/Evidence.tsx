/** Evidence drawn: each picture has its numbers beside it, in words and tables; nothing is told by colour alone. */
import { Bar } from "./Bar.tsx";
import { type EvidencePart, FIRST_NUMBERS } from "./evidence.ts";
import { count, counted, percent } from "./format.ts";

/** Rows that need no folding: a table whose rows have bars is its own picture. */
const FEW_BARS = 10;
/** Box of a chart, units of its drawing. */
const CHART = { width: 240, height: 48 };

export function Evidence({ parts }: { parts: EvidencePart[] }) {
  if (parts.length === 0) return null;
  return (
    <div class="evidence">
      {parts.map((part, i) => <Part key={`${part.type} ${i}`} part={part} />)}
    </div>
  );
}

function Part({ part }: { part: EvidencePart }) {
  switch (part.type) {
    case "limit":
      return <Limit part={part} />;
    case "stack":
      return <Stack part={part} />;
    case "bars":
      return part.bars.length <= FEW_BARS ? <BarRows part={part} /> : <BarChart part={part} />;
    case "ports":
      return (
        <section class="evidence-part">
          <h3>
            {part.title} <span class="note">{count(part.ports)}</span>
          </h3>
          <ul class="chips">
            {part.ranges.map((range) => <li key={range} class="mono">{range}</li>)}
            {part.more > 0 && <li class="dim">{`and ${counted(part.more, "range")} more`}</li>}
          </ul>
        </section>
      );
    case "list":
      return (
        <section class="evidence-part">
          <h3>
            {part.title} <span class="note">{count(part.items.length + part.more)}</span>
          </h3>
          <ul class={part.short ? "chips" : "evidence-list"}>
            {part.items.map((item, i) => <li key={i} class="mono foreign">{item}</li>)}
            {part.more > 0 && <li class="dim">{`and ${count(part.more)} more`}</li>}
          </ul>
        </section>
      );
    case "table":
      return <Table part={part} />;
    case "numbers":
      // One more than fits is better shown than folded.
      if (part.rows.length <= FIRST_NUMBERS + 2) return <Numbers rows={part.rows} />;
      return (
        <div class="evidence-part">
          <Numbers rows={part.rows.slice(0, FIRST_NUMBERS)} />
          <details class="as-table">
            <summary>{`${count(part.rows.length - FIRST_NUMBERS)} more numbers`}</summary>
            <Numbers rows={part.rows.slice(FIRST_NUMBERS)} />
          </details>
        </div>
      );
    default:
      part satisfies never;
      return null;
  }
}

function Numbers({ rows }: { rows: Extract<EvidencePart, { type: "numbers" }>["rows"] }) {
  return (
    <dl class="evidence-part evidence-numbers">
      {rows.map(({ name, text, share }, i) => (
        <div key={i}>
          <dt class="foreign">{name}</dt>
          <dd class="foreign">
            {text}
            {share !== undefined && <Bar share={share} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What was measured, with the line it crossed. */
function Limit({ part }: { part: Extract<EvidencePart, { type: "limit" }> }) {
  const { title, value, limit, text, limitText } = part;
  const top = Math.max(value, limit, 1e-9) * 1.04;
  const x = (n: number) => (Math.max(0, n) / top * 100).toFixed(2);
  return (
    <section class="evidence-part evidence-limit">
      <h3 class="foreign">{title}</h3>
      <p>
        <b>{text}</b> <span class="dim">threshold {limitText}</span>
      </p>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="bar-rest" y="2" width="100" height="4" />
        <rect class="bar-part" y="2" width={x(value)} height="4" />
        <rect class="limit-line" x={x(limit)} width="0.8" height="8" />
      </svg>
    </section>
  );
}

function Stack({ part }: { part: Extract<EvidencePart, { type: "stack" }> }) {
  const sum = part.parts.reduce((sum, { count }) => sum + count, 0);
  let at = 0;
  return (
    <section class="evidence-part">
      <h3 class="foreign">
        {part.title} <span class="note">{part.total}</span>
      </h3>
      <svg
        class="stack"
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        aria-hidden="true"
        focusable="false"
      >
        {part.parts.map(({ label, count, tone }) => {
          const width = sum === 0 ? 0 : count / sum * 100;
          const x = at;
          at += width;
          return (
            <rect key={label} class={`part-${tone}`} x={x.toFixed(2)} width={width.toFixed(2)} height="6" />
          );
        })}
      </svg>
      <ul class="stack-words">
        {part.parts.map(({ label, count: n, text, tone }) => (
          <li key={label}>
            <svg class="swatch" viewBox="0 0 8 8" aria-hidden="true" focusable="false">
              <rect class={`part-${tone}`} width="8" height="8" rx="2" />
            </svg>
            <b>{text}</b> <span class="foreign">{label}</span>
            {sum > 0 && <span class="dim">{percent(n / sum)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

type Bars = Extract<EvidencePart, { type: "bars" }>;

/** A few bars: the table is the picture. */
function BarRows({ part }: { part: Bars }) {
  const top = topOf(part);
  return (
    <section class="evidence-part">
      <table class="bar-rows">
        <caption>{part.title}</caption>
        <tbody>
          {part.bars.map(({ label, value, text }, i) => (
            <tr key={i}>
              <th scope="row" class="foreign">{label}</th>
              <td>
                <Bar share={value / top} />
              </td>
              <td class="num foreign">{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Many bars: a picture with its ends named, and the table folded under it. */
function BarChart({ part }: { part: Bars }) {
  const { bars, title } = part;
  const top = topOf(part);
  const step = CHART.width / bars.length;
  const highest = bars.reduce((a, b) => b.value > a.value ? b : a);
  return (
    <section class="evidence-part">
      <h3 class="foreign">
        {title} <span class="note">{`highest ${highest.text}, at ${highest.label}`}</span>
      </h3>
      <svg
        class="bar-chart"
        viewBox={`0 0 ${CHART.width} ${CHART.height}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        focusable="false"
      >
        <rect class="bar-rest" y={CHART.height - 1} width={CHART.width} height="1" />
        {bars.map(({ value }, i) => {
          const height = value > 0 ? Math.max(1.5, value / top * CHART.height) : 0;
          return (
            <rect
              key={i}
              class="bar-part"
              x={(i * step + step * 0.1).toFixed(2)}
              y={(CHART.height - height).toFixed(2)}
              width={(step * 0.8).toFixed(2)}
              height={height.toFixed(2)}
            />
          );
        })}
      </svg>
      <p class="bar-ends dim" aria-hidden="true">
        <span>{bars[0].label}</span>
        <span>{bars[bars.length - 1].label}</span>
      </p>
      <details class="as-table">
        <summary>As a table</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label={title}>
          <table class="plain">
            <tbody>
              {bars.map(({ label, text }, i) => (
                <tr key={i}>
                  <th scope="row" class="foreign">{label}</th>
                  <td class="num foreign">{text}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

function Table({ part }: { part: Extract<EvidencePart, { type: "table" }> }) {
  return (
    <section class="evidence-part">
      <div class="scroll evidence-table" tabIndex={0} role="region" aria-label={part.title}>
        <table class="plain">
          <caption>{part.title}</caption>
          <thead>
            <tr>
              {part.columns.map(({ label, numeric }, i) => (
                <th key={i} scope="col" class={numeric ? "num foreign" : "foreign"}>{label}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {part.rows.map((row, i) => (
              <tr key={i}>
                {row.map((cell, j) => (
                  <td key={j} class={part.columns[j]?.numeric ? "num" : "foreign"}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {part.more > 0 && <p class="dim">{`and ${counted(part.more, "row")} more`}</p>}
    </section>
  );
}

function topOf(part: Bars): number {
  return part.top ?? Math.max(1e-9, ...part.bars.map(({ value }) => value));
}
