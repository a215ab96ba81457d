/**
 * Cuts the hint of a problem into words and commands, so that a page can set the commands apart and offer to
 * copy them: a step that must be typed off a screen is a step that goes wrong.
 */

/** A piece of a hint; a command can be pasted into a shell as it is. */
export interface HintPart {
  command: boolean;
  text: string;
}

/** Words a whole line starts with when it is nothing but a command. */
const COMMAND_LINE =
  /^(sudo|apt|apt-get|setcap|ip|modprobe|mount|sysctl|systemctl|npm|deno|curl|man|(\.\/)?netpane)\s\S/;

/** Text between `backticks` is a command; so is a whole hint, or what follows a colon, that looks like one. */
export function splitHint(hint: string): HintPart[] {
  if (hint.includes("`")) {
    return hint.split("`")
      .map((part, i) => ({ command: i % 2 === 1, text: part }))
      .filter((part) => part.text !== "");
  }
  if (COMMAND_LINE.test(hint)) return [{ command: true, text: hint }];
  const colon = hint.lastIndexOf(": ");
  if (colon >= 0 && COMMAND_LINE.test(hint.slice(colon + 2))) {
    return [{ command: false, text: hint.slice(0, colon + 2) }, {
      command: true,
      text: hint.slice(colon + 2),
    }];
  }
  return hint === "" ? [] : [{ command: false, text: hint }];
}
