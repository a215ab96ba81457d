/**
 * Makes `assets/demo.pcap.gz`, what `netpane start --demo` plays: a hundred seconds of a small home network.
 *
 * Real programs talk over real (virtual) cables: a laptop, a phone, a file server, a lamp and an intruder behind a
 * router, whose bridge is captured; beyond it web servers at addresses that are reserved for examples (RFC 5737,
 * RFC 3849). The home has private addresses (RFC 1918, RFC 4193), so that out and in can be told apart. Nothing
 * leaves the machine. The card numbers are the published test numbers of the brands.
 *
 * usage (as root): deno run -A tools/make_demo.ts
 * needs ip, tcpdump, dnsmasq, dig, curl, ping, nmap, ssh and sshd, openssl, ethtool, tc, python3
 */
import { connect, Namespace, run, setAddresses } from "../tests/support/netns.ts";

const SECONDS = 100;
const OUTPUT = new URL("../assets/demo.pcap.gz", import.meta.url).pathname;

/** Names, and where they are: the last byte of both addresses is the same. */
const SERVERS = {
  "www.example.com": ["203.0.113.10", "2001:db8:113::10"],
  "shop.example.net": ["198.51.100.20", "2001:db8:51::20"],
  "video.example.org": ["203.0.113.30", "2001:db8:113::30"],
  "downloads.example.org": ["192.0.2.40", "2001:db8:2::40"],
  "api.weather.example": ["198.51.100.50", "2001:db8:51::50"],
  "backup.example.net": ["192.0.2.60", "2001:db8:2::60"],
  "telemetry.lamp.example": ["203.0.113.77", "2001:db8:113::77"],
} as const;

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const PHONE = "Mozilla/5.0 (Linux; Android 15; Pixel) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36";

await using cleanup = new AsyncDisposableStack();
const work = Deno.makeTempDirSync({ prefix: "netpane-demo-" });
cleanup.defer(() => Deno.removeSync(work, { recursive: true }));

// ---------------------------------------------------------------- cables

const router = cleanup.use(new Namespace("router"));
const line = cleanup.use(new Namespace("line"));
const internet = cleanup.use(new Namespace("internet"));
const laptop = cleanup.use(new Namespace("laptop"));
const phone = cleanup.use(new Namespace("phone"));
const nas = cleanup.use(new Namespace("nas"));
const lamp = cleanup.use(new Namespace("lamp"));
const intruder = cleanup.use(new Namespace("intruder"));

router.run("ip", "link", "add", "br0", "type", "bridge");
router.run("ip", "link", "set", "br0", "address", "02:00:5e:10:00:01");
router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");

const hosts: [Namespace, string, number][] = [
  [laptop, "02:00:5e:10:00:20", 20],
  [phone, "02:00:5e:10:00:31", 31],
  [nas, "02:00:5e:10:00:05", 5],
  [lamp, "02:00:5e:10:00:77", 77],
  [intruder, "02:00:5e:10:00:66", 66],
];
for (const [host, mac, number] of hosts) {
  const port = `port${number}`;
  connect({ namespace: router, device: port }, { namespace: host, device: "eth0" });
  host.run("ip", "link", "set", "eth0", "address", mac);
  router.run("ip", "link", "set", port, "master", "br0", "up");
  setAddresses(host, "eth0", `192.168.1.${number}/24`, `fd12:3456:789a:1::${number}/64`);
  noOffload(host, "eth0");
  noOffload(router, port);
}
setAddresses(router, "br0", "192.168.1.1/24", "fd12:3456:789a:1::1/64");
for (const [host] of hosts) {
  host.run("ip", "route", "add", "default", "via", "192.168.1.1");
  host.run("ip", "route", "add", "default", "via", "fd12:3456:789a:1::1");
}

connect({ namespace: router, device: "wan" }, { namespace: line, device: "inside" });
connect({ namespace: internet, device: "eth0" }, { namespace: line, device: "outside" });
line.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
for (const device of ["inside", "outside"]) {
  line.run("ip", "link", "set", device, "up", "promisc", "on");
  noOffload(line, device);
}
setAddresses(router, "wan", "100.64.0.2/24", "2001:db8:64::2/64");
setAddresses(internet, "eth0", "100.64.0.1/24", "2001:db8:64::1/64");
for (const [v4, v6] of Object.values(SERVERS)) {
  setAddresses(internet, "lo", `${v4}/32`, `${v6}/128`);
  router.run("ip", "route", "add", v4, "via", "100.64.0.1");
  router.run("ip", "route", "add", v6, "via", "2001:db8:64::1");
}
internet.run("ip", "route", "add", "192.168.1.0/24", "via", "100.64.0.2");
internet.run("ip", "route", "add", "fd12:3456:789a:1::/64", "via", "2001:db8:64::2");
noOffload(router, "wan");
noOffload(internet, "eth0");
// The line's speed: what makes a download a hill and not a needle.
internet.run(
  "tc",
  "qdisc",
  "add",
  "dev",
  "eth0",
  "root",
  "tbf",
  "rate",
  "3mbit",
  "burst",
  "6kb",
  "latency",
  "90ms",
);
cleanup.use(
  line.spawn("python3", [new URL("demo/delay_line.py", import.meta.url).pathname, "inside", "outside"], {
    stderr: "inherit",
  }),
);

// ---------------------------------------------------------------- services

const key = `${work}/key.pem`;
const certificate = `${work}/certificate.pem`;
run(
  ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
  ...["-keyout", key, "-out", certificate, "-days", "3650", "-subj", "/CN=shop.example.net"],
  ...["-addext", `subjectAltName=${Object.keys(SERVERS).map((name) => `DNS:${name}`).join(",")}`],
);
cleanup.use(
  internet.spawn(
    Deno.execPath(),
    ["run", "-A", "--no-config", new URL("demo/internet.ts", import.meta.url).pathname, key, certificate],
    { stderr: "inherit" },
  ),
);

const records = Object.entries(SERVERS).map(([name, [v4, v6]]) => `--host-record=${name},${v4},${v6}`);
cleanup.use(
  router.spawn("dnsmasq", [
    ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file="],
    ...["--listen-address=192.168.1.1", "--bind-interfaces", "--cache-size=0", "--user=root"],
    ...["--local=/", "--mx-host=example.com,mail.example.com,10", "--txt-record=example.com,v=spf1 -all"],
    ...["--host-record=nas.home.arpa,192.168.1.5,fd12:3456:789a:1::5", ...records],
  ], { stderr: "inherit" }),
);
for (const [host] of hosts) {
  const folder = `/etc/netns/${host.name}`; // `ip netns exec` lays this over /etc
  Deno.mkdirSync(folder, { recursive: true });
  cleanup.defer(() => Deno.removeSync(folder, { recursive: true }));
  Deno.writeTextFileSync(`${folder}/resolv.conf`, "nameserver 192.168.1.1\n");
}

run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${work}/host`);
run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${work}/user`);
Deno.copyFileSync(`${work}/user.pub`, `${work}/authorized`);
Deno.writeTextFileSync(
  `${work}/sshd_config`,
  `Port 22\nHostKey ${work}/host\nAuthorizedKeysFile ${work}/authorized\nStrictModes no\nUsePAM no\n` +
    `PermitRootLogin yes\nPidFile none\n`,
);
Deno.mkdirSync("/run/sshd", { recursive: true });
cleanup.use(nas.spawn("/usr/sbin/sshd", ["-D", "-f", `${work}/sshd_config`]));

await sleep(3); // the hosts have joined their multicast groups, the servers listen
const raw = `${work}/demo.pcap`;
const capture = router.spawn(
  "tcpdump",
  ["-i", "br0", "-w", raw, "-U", "-s", "0", "-Z", "root", "--immediate-mode", "-B", "32768"],
  { stderr: "inherit" },
);
cleanup.use(capture);
await sleep(0.4);

// ---------------------------------------------------------------- what people do

const began = performance.now();
await Promise.all([
  browse(),
  watch(),
  work_on_nas(),
  blink(),
  intrude(),
  at(SECONDS, async () => {}),
]);
await capture.stop("SIGINT");
const pcap = Deno.readFileSync(raw);
const gzipped = `${work}/demo.pcap.gz`;
run("gzip", "--best", "--no-name", "--keep", raw);
Deno.copyFileSync(gzipped, OUTPUT);
console.log(`${OUTPUT}: ${pcap.length} bytes, ${Deno.statSync(OUTPUT).size} gzipped`);

/** Someone at the laptop: reads, shops with a card in clear text, fetches a big file, looks at the weather. */
async function browse(): Promise<void> {
  const site = "http://www.example.com";
  await Promise.all([
    at(
      0.2,
      () =>
        curl(laptop, [
          "-A",
          BROWSER,
          `${site}/`,
          `${site}/style.css`,
          `${site}/logo.png`,
          `${site}/news/harbour`,
        ]),
    ),
    at(0.6, () => laptop.output("ping", "-c", "8", "-i", "1", "www.example.com")),
    at(
      3,
      () =>
        curl(laptop, ["-6", "-A", BROWSER, `${site}/news/tram`, `${site}/style.css`, `${site}/photo.png`]),
    ),
    at(
      7,
      () =>
        curl(laptop, ["-k", "-A", BROWSER, "https://shop.example.net/", "https://shop.example.net/lamps"]),
    ),
    at(12, () => curl(laptop, ["-k", "-A", BROWSER, "https://shop.example.net/basket"])),
    at(
      15,
      () =>
        pay("card=4111+1111+1111+1111&expires=12%2F29&name=A+Person", "application/x-www-form-urlencoded"),
    ),
    at(20, () => download(1_700_000)),
    at(36, () => laptop.output("ping", "-6", "-c", "5", "-i", "1", "video.example.org")),
    at(41, () => pay('{"card":"5555-5555-5555-4444","amount":"49.00"}', "application/json")),
    at(48, () => curl(laptop, ["-A", BROWSER, `${site}/news/mill`, `${site}/missing`, `${site}/map.png`])),
    at(31, () => curl(laptop, ["-k", "-4", "-A", BROWSER, "https://www.example.com/account"])),
    at(54, () => curl(laptop, ["-k", "-4", "-A", BROWSER, "https://www.example.com/mail"])),
    at(59, () => download(900_000, "-4")),
    at(70, () => download(500_000, "-4")),
    at(66, () => pay('{"card":"378282246310005","amount":"12.50"}', "application/json")),
    at(74, () => curl(laptop, ["-k", "-6", "-A", BROWSER, "https://shop.example.net/orders"])),
    at(80, () => download(1_100_000)),
    at(90, () => curl(laptop, ["-A", BROWSER, `${site}/news/evening`, `${site}/style.css`])),
    ...[
      "example.com MX",
      "example.com TXT",
      "www.example.com AAAA",
      "nowhere.example.net A",
      "nas.home.arpa A",
    ]
      .map((query, i) => at(5 + 17 * i, () => laptop.output("dig", "+tries=1", ...query.split(" ")))),
  ]);
}

/** A film on the phone, a piece every three seconds, and the weather now and then. */
async function watch(): Promise<void> {
  const pieces = Array.from(
    { length: Math.floor(SECONDS / 3) - 1 },
    (_, i) =>
      at(0.1 + 3 * i, () =>
        curl(phone, [
          ...["-A", PHONE, i % 4 === 3 ? "-6" : "-4"],
          // More light, more bytes: the curve breathes.
          `http://video.example.org/segment/${i}.ts?bytes=${Math.round(60_000 + 45_000 * Math.sin(i / 2.2))}`,
        ])),
  );
  const weather = Array.from(
    { length: 6 },
    (_, i) =>
      at(2 + 16 * i, () => curl(phone, ["-k", "-A", PHONE, "https://api.weather.example/v1/forecast"])),
  );
  await Promise.all([...pieces, ...weather]);
}

/** The file server makes its backup; someone logs in to it. */
async function work_on_nas(): Promise<void> {
  const backup = `${work}/backup.tar`;
  Deno.writeFileSync(backup, new Uint8Array(500_000).fill(0x30));
  const login = [
    ...["-i", `${work}/user`, "-o", "StrictHostKeyChecking=no", "-o", `UserKnownHostsFile=${work}/known`],
    ...["-o", "LogLevel=ERROR", "root@nas.home.arpa", "uname; sleep 6; uptime"],
  ];
  await Promise.all([
    at(9, () => laptop.output("ssh", ...login)),
    at(
      72,
      () => curl(nas, ["-4", "-T", backup, "--limit-rate", "60k", "http://backup.example.net/2026-10.tar"]),
    ),
    at(30, () => curl(nas, ["-T", backup, "--limit-rate", "90k", "http://backup.example.net/2026-11.tar"])),
    ...[1, 26, 51, 76].map((second) => at(second, () => nas.output("ping", "-c", "2", "192.168.1.20"))),
  ]);
}

/** A lamp that reports home, always the same, every five seconds. */
async function blink(): Promise<void> {
  await Promise.all(
    Array.from(
      { length: Math.floor(SECONDS / 5) },
      (_, i) =>
        at(0.8 + 5 * i, () => curl(lamp, ["-A", "lamp/1.4", "http://telemetry.lamp.example/beacon?id=77"])),
    ),
  );
}

/** Someone who should not be here: who is there, and which doors are open? */
async function intrude(): Promise<void> {
  await at(33, () => intruder.output("nmap", "-sn", "-n", "192.168.1.0/27"));
  await at(
    44,
    () => intruder.output("nmap", "-sS", "-n", "-F", "--max-retries", "1", "192.168.1.5", "192.168.1.20"),
  );
}

function pay(body: string, type: string): Promise<unknown> {
  return curl(laptop, [
    ...["-4", "-A", BROWSER, "-H", `Content-Type: ${type}`, "--data", body],
    "http://shop.example.net/checkout",
  ]);
}

function download(bytes: number, ...more: string[]): Promise<unknown> {
  return curl(laptop, [...more, "-A", BROWSER, `http://downloads.example.org/system.iso?bytes=${bytes}`]);
}

// ---------------------------------------------------------------- helpers

async function curl(host: Namespace, args: string[]): Promise<void> {
  const outputs = args.filter((arg) => /^https?:/.test(arg)).flatMap(() => ["-o", "/dev/null"]);
  const { code, stderr } = await host.output(
    "curl",
    "-sS",
    "--compressed",
    "--max-time",
    "60",
    ...outputs,
    ...args,
  );
  if (code !== 0) throw new Error(`curl ${args.join(" ")}: ${stderr}`);
}

/** Runs `action` at that second of the capture. */
async function at(second: number, action: () => Promise<unknown>): Promise<void> {
  await sleep(second - (performance.now() - began) / 1000);
  await action();
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 * seconds)));
}

/** Without segmentation offload packets are what they would be on a real cable, and their checksums are right. */
function noOffload(namespace: Namespace, device: string): void {
  namespace.run("ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off", "tx", "off");
}
