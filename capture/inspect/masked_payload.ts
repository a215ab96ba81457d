/**
 * The start of a payload for `--show-payload`, made harmless: its structure, and nothing of what it says.
 *
 * Whatever is hidden by looking for secrets comes out in another coat, or cut over two packets, or without the word
 * that would tell it. So it is the other way round: shown are words of a list (commands, names of header fields,
 * answers), signs around them, and that there are digits; all else is `…`. A secret shows only if it is a word of the
 * list, which tells nobody that it is one.
 */

/** Payload bytes looked at. */
const MAX_BYTES = 256;
/** Signs shown before and after words; passwords have more of them, and others. */
const MAX_SIGNS = 3;
const OPENING = "{[<(\"'/*+-$.:";
const CLOSING = ":=,;\"'>})]/.-_";

/** Words of protocols, in lower case; none is anybody's name. */
const WORDS = new Set(
  (
    // HTTP, RFC 9110, and header fields in wide use
    "get head post put delete connect options trace patch http host accept accept-encoding accept-language " +
    "accept-charset accept-ranges age allow alt-svc authorization cache-control connection content-disposition " +
    "content-encoding content-language content-length content-location content-range content-type cookie date dnt " +
    "etag expect expires forwarded from if-match if-modified-since if-none-match if-range if-unmodified-since " +
    "keep-alive last-modified link location max-forwards origin pragma proxy-authenticate proxy-authorization " +
    "proxy-connection range referer retry-after sec-websocket-accept sec-websocket-key sec-websocket-protocol " +
    "sec-websocket-version server set-cookie strict-transport-security te trailer transfer-encoding upgrade " +
    "upgrade-insecure-requests user-agent vary via warning www-authenticate x-api-key x-forwarded-for " +
    "x-forwarded-host x-forwarded-proto x-frame-options x-content-type-options x-powered-by x-requested-with " +
    "basic bearer digest chunked close gzip deflate br zstd identity websocket no-cache no-store max-age private " +
    "text html plain json xml css javascript application image png jpeg gif webp audio video font octet-stream " +
    "multipart form-data x-www-form-urlencoded charset utf-8 iso-8859-1 us-ascii boundary bytes " +
    "ok created accepted moved permanently temporarily temporary found see other not modified redirect bad request " +
    "unauthorized forbidden method allowed internal gateway service unavailable timeout switching protocols " +
    "continue partial content no too many requests large uri error required " +
    // mail, RFC 5321, RFC 9051, RFC 1939
    "ehlo helo lhlo mail rcpt to data bdat last rset vrfy expn help noop quit auth starttls size 8bitmime smtputf8 " +
    "pipelining chunking dsn enhancedstatuscodes esmtp smtp ready bye hello login logout plain cram-md5 xoauth2 " +
    "capability select examine fetch store search append list lsub status uid copy expunge idle done imap imap4rev1 " +
    "flags exists recent unseen inbox user pass stat retr dele top uidl apop capa stls pop3 message subject " +
    "message-id mime-version content-transfer-encoding reply-to return-path received base64 quoted-printable " +
    // FTP, RFC 959 and later
    "ftp cwd cdup pwd pasv epsv port eprt type mode stru stor stou appe allo rest rnfr rnto abor rmd mkd nlst site " +
    "syst feat mdtm mlsd mlst opts prot pbsz ccc acct adat entering passive extended transfer complete opening " +
    "closing binary ascii directory file logged in " +
    // databases, chat, voice, announcements
    "select insert update delete into values where set begin commit rollback show use ping auth config info " +
    "invite ack bye cancel register subscribe notify refer sip call-id cseq contact m-search st nt nts usn man mx " +
    "ssh ssdp rtsp setup play teardown describe nick join part privmsg " +
    "password passwd passphrase pwd username account token secret pin cvv card key session"
  ).split(" "),
);

/** Printable text of at most `MAX_BYTES` bytes, as above; other bytes are dots. */
export function maskedPayload(bytes: Uint8Array, at: number, end: number): string {
  let text = "";
  for (let i = at; i < end && i < at + MAX_BYTES; i++) {
    const byte = bytes[i];
    text += byte === 10
      ? "\n"
      : byte === 13
      ? ""
      : byte >= 0x20 && byte < 0x7f
      ? String.fromCharCode(byte)
      : "\0";
  }
  return text.replaceAll(/[^\s\0]+/g, shown).replaceAll(/…(?:[ \0]*…)+/g, "…").replaceAll("\0", ".");
}

/** Of a run of characters between blanks, what comes before the first that is not of the list. */
function shown(run: string): string {
  const opening = signs(run, 0, OPENING);
  let at = opening;
  let known = "";
  while (at < run.length) {
    const word = /^[A-Za-z][A-Za-z0-9_-]*|^\d+/.exec(run.slice(at))?.[0] ?? "";
    const isNumber = word !== "" && word[0] <= "9";
    if (word === "" || !isNumber && !WORDS.has(word.toLowerCase())) break;
    at += word.length;
    const after = signs(run, at, CLOSING);
    known += (isNumber ? "#" : word) + run.slice(at, after);
    at = after;
  }
  if (known === "") return "…";
  return run.slice(0, opening) + known + (at < run.length ? "…" : "");
}

/** Index after at most `MAX_SIGNS` characters of `known` from `at` on. */
function signs(run: string, at: number, known: string): number {
  const most = at + MAX_SIGNS;
  while (at < run.length && at < most && known.includes(run[at])) at++;
  return at;
}
