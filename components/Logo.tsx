/** The mark: an N in a pane. Its left stile is what comes in, its right what goes out, the packets run between. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="logo-pane" x="1.25" y="1.25" width="29.5" height="29.5" rx="8" />
      <path class="logo-in" d="M9.5 23.5v-15" />
      <path class="logo-out" d="M22.5 8.5v15" />
      <path class="logo-packets" d="M9.5 8.5l13 15" />
    </svg>
  );
}
