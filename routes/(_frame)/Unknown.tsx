/** In the place of a page about something that nobody knows (any more). */
interface UnknownProps {
  id: string;
  title: string;
  why: string;
  /** Address and words. */
  back: [string, string];
}

export function Unknown({ id, title, why, back: [href, words] }: UnknownProps) {
  return (
    <section class="card" id={id} aria-labelledby="unknown-title">
      <h1 class="card-title" id="unknown-title">{title}</h1>
      <p class="foreign unknown-why">{why}</p>
      <p>
        <a href={href}>{words}</a>
      </p>
    </section>
  );
}
