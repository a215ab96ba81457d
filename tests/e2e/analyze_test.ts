/** `netpane analyze` as a script meets it: lines on stdout and nothing else, exit codes, pipes, several files. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { ethernet, ipv4, ipv6, TCP, tcp, text, udp } from "../support/packets.ts";
import { type FilePacket, pcapFile, pcapngFile } from "../support/capture_files.ts";
import { environment, LAUNCHER, netpane, type Outcome, ROOT } from "../support/server.ts";

const START_US = 1.7e15;

/** A handshake, a request and its answer; a question and its answer; 10 packets in two flows. */
function conversation(): FilePacket[] {
  const [a, b] = ["192.168.1.2", "192.0.2.80"];
  const [c, d] = ["2001:db8::2", "2001:db8::53"];
  const there = (seq: number, ack: number, flags: number, payload = "") => {
    const segment = { src: a, dst: b, srcPort: 40_001, dstPort: 80, seq, ack, flags };
    return ethernet({}, ipv4({ src: a, dst: b }, tcp(segment, text(payload))));
  };
  const back = (seq: number, ack: number, flags: number, payload = "") => {
    const segment = { src: b, dst: a, srcPort: 80, dstPort: 40_001, seq, ack, flags };
    return ethernet({}, ipv4({ src: b, dst: a }, tcp(segment, text(payload))));
  };
  const ask = udp({ src: c, dst: d, srcPort: 5353 }, text("question"));
  const reply = udp({ src: d, dst: c, srcPort: 53, dstPort: 5353 }, text("answer"));
  return [
    there(1, 0, TCP.syn),
    back(9, 2, TCP.syn | TCP.ack),
    there(2, 10, TCP.ack),
    there(2, 10, TCP.psh | TCP.ack, "GET / HTTP/1.0\r\n\r\n"),
    back(10, 20, TCP.psh | TCP.ack, "HTTP/1.0 200 OK\r\n\r\nhello"),
    back(34, 20, TCP.fin | TCP.ack),
    there(20, 35, TCP.fin | TCP.ack),
    back(35, 21, TCP.ack),
    ethernet({}, ipv6({ src: c, dst: d, next: 17 }, ask)),
    ethernet({}, ipv6({ src: d, dst: c, next: 17 }, reply)),
  ].map((bytes, i) => ({ bytes, timeUs: START_US + 1000 * i }));
}

interface Event {
  event_type: string;
  pcap_filename?: string;
  proto?: string;
  src_ip?: string;
  flow?: { pkts_toserver: number; pkts_toclient: number };
  stats?: { packets: number; bytes: number; undecoded: Record<string, number> };
}

function events({ stdout }: Outcome): Event[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Runs `check` in a folder with a blank in its name, where users' files lie. */
async function inFolder(check: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "net pane " });
  try {
    await check(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("analyze: flows at their end, the counts last, from a path relative to the user's folder", () =>
  inFolder(async (folder) => {
    const packets = conversation();
    Deno.writeFileSync(`${folder}/a.pcap`, pcapFile(packets));
    const outcome = await netpane(["analyze", "a.pcap"], { cwd: folder });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(outcome.stderr, "", "no progress where stderr is no terminal");
    const all = events(outcome);
    const flows = all.filter(({ event_type }) => event_type === "flow");
    assert.deepEqual(
      flows.map(({ proto, src_ip, flow }) => [proto, src_ip, flow?.pkts_toserver, flow?.pkts_toclient])
        .sort(),
      [["TCP", "192.168.1.2", 4, 4], ["UDP", "2001:db8::2", 1, 1]],
    );
    const last = all.at(-1)!;
    assert.equal(last.event_type, "stats");
    assert.equal(last.stats?.packets, packets.length);
    assert.equal(last.stats?.bytes, packets.reduce((sum, { bytes }) => sum + bytes.length, 0));
    assert.deepEqual(last.stats?.undecoded, {});
    assert.ok(all.every(({ pcap_filename }) => pcap_filename === undefined), "one file needs no name");
  }));

Deno.test("analyze: pcap, pcapng, gzip and standard input give the same events", () =>
  inFolder(async (folder) => {
    const packets = conversation();
    const forms: Record<string, Uint8Array> = {
      "a.pcap": pcapFile(packets),
      "big-endian.pcap": pcapFile(packets, { littleEndian: false, nanosecond: true }),
      "a.pcapng": pcapngFile(packets),
      "a.pcap.gz": gzipSync(pcapFile(packets)),
    };
    const expected = (await netpane(["analyze", "-"], { stdin: forms["a.pcap"] })).stdout;
    assert.match(expected, /"event_type":"stats"/);
    for (const [name, bytes] of Object.entries(forms)) {
      Deno.writeFileSync(`${folder}/${name}`, bytes);
      assert.equal((await netpane(["analyze", `${folder}/${name}`])).stdout, expected, name);
      assert.equal((await netpane(["analyze", "-"], { stdin: bytes })).stdout, expected, `${name} piped`);
    }
  }));

Deno.test("analyze: of several files every event names its own", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/a.pcap`, pcapFile(conversation()));
    Deno.writeFileSync(`${folder}/b.pcap`, pcapFile(conversation().slice(0, 3)));
    const outcome = await netpane(["analyze", "a.pcap", "b.pcap"], { cwd: folder });
    assert.equal(outcome.code, 0, outcome.stderr);
    const packets = events(outcome).filter(({ event_type }) => event_type === "stats")
      .map(({ pcap_filename, stats }) => [pcap_filename, stats?.packets]);
    assert.deepEqual(packets, [["a.pcap", 10], ["b.pcap", 3]]);
    assert.ok(events(outcome).every(({ pcap_filename }) => pcap_filename !== undefined));
  }));

Deno.test("analyze: a cut file gives what is before the cut, the byte, and exit code 1", () =>
  inFolder(async (folder) => {
    const whole = pcapFile(conversation());
    Deno.writeFileSync(`${folder}/cut.pcap`, whole.subarray(0, whole.length - 20));
    const outcome = await netpane(["analyze", "cut.pcap"], { cwd: folder });
    assert.equal(outcome.code, 1);
    assert.equal(events(outcome).at(-1)?.stats?.packets, 9);
    assert.match(outcome.stderr, /cut\.pcap.*byte \d+/);
  }));

Deno.test("analyze: no capture, no file and no argument: exit codes 1, 1 and 2, each with its reason", () =>
  inFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/letter.txt`, "Dear reader, this is not a capture file.\n");
    const letter = await netpane(["analyze", "letter.txt"], { cwd: folder });
    assert.equal(letter.code, 1);
    assert.match(letter.stderr, /letter\.txt/);
    const nowhere = await netpane(["analyze", "nowhere.pcap"], { cwd: folder });
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /nowhere\.pcap/);
    const nothing = await netpane(["analyze"]);
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /FILE/);
    const typo = await netpane(["analyze", "--ouput", "x", "letter.txt"], { cwd: folder });
    assert.equal(typo.code, 2);
    assert.match(typo.stderr, /--output/);
    for (const { stdout } of [letter, nowhere, nothing, typo]) assert.equal(stdout, "");
  }));

Deno.test("analyze: an input is never written over, and what cannot be written says why", () =>
  inFolder(async (folder) => {
    const bytes = pcapFile(conversation());
    Deno.writeFileSync(`${folder}/a.pcap`, bytes);
    Deno.writeFileSync(`${folder}/b.pcap`, bytes);
    Deno.linkSync(`${folder}/b.pcap`, `${folder}/other-name`);
    const run = (...args: string[]) => netpane(["analyze", ...args], { cwd: folder });
    const refused: [string[], RegExp][] = [
      [["-o", "a.pcap", "a.pcap"], /--output and FILE are the same file/],
      [["-o", "other-name", "a.pcap", "b.pcap"], /--output and FILE are the same file/],
      [["-", "-"], /Standard input \(-\) can be read only once/],
      [["-o", folder, "a.pcap"], /it is a folder/],
      [["-o", "nowhere/x", "a.pcap"], /there is no such folder/],
      [["--settings", folder, "a.pcap"], /is a folder: name the file/],
    ];
    for (const [args, why] of refused) {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [2, ""], args.join(" "));
      assert.match(stderr, why);
      assert.doesNotMatch(stderr, /Uncaught|\s{4}at /);
    }
    for (const name of ["a.pcap", "b.pcap"]) assert.deepEqual(Deno.readFileSync(`${folder}/${name}`), bytes);
    if (Deno.build.os !== "linux") return;
    const full = await new Deno.Command("sh", {
      args: ["-c", `"${LAUNCHER}" analyze a.pcap > /dev/full`],
      cwd: folder,
      env: environment(),
      stdin: "null",
    }).output();
    assert.equal(full.code, 1);
    assert.match(
      new TextDecoder().decode(full.stderr),
      /^netpane: Cannot write standard output: the disk is full/,
    );
  }));

Deno.test("analyze: --output writes the file that was named, and nothing to stdout", () =>
  inFolder(async (folder) => {
    Deno.writeFileSync(`${folder}/a.pcap`, pcapFile(conversation()));
    const outcome = await netpane(["analyze", "--output", "eve.json", "a.pcap"], { cwd: folder });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(outcome.stdout, "");
    assert.match(Deno.readTextFileSync(`${folder}/eve.json`), /"event_type":"stats"/);
  }));

Deno.test("deno task --quiet analyze prints what the launcher prints", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.pcap`;
    Deno.writeFileSync(path, pcapFile(conversation()));
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "analyze", path],
      cwd: ROOT,
      stdin: "null",
      stderr: "inherit",
    }).output();
    assert.equal(code, 0);
    assert.equal(new TextDecoder().decode(stdout), (await netpane(["analyze", path])).stdout);
  }));
