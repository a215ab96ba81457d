/** Text that is older than the page's scripts. */

/**
 * What stands in the filter of the page when its island wakes: on a slow line somebody has typed before the scripts
 * were there, and would see it vanish.
 *
 * @param sent What the server wrote there.
 */
export function typedAlready(sent: string): string {
  if (typeof document === "undefined") return sent;
  return document.querySelector<HTMLInputElement>(".filter-box input")?.value ?? sent;
}
