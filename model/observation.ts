/**
 * What payload inspection finds, as it leaves the inspector: plain data, ready to become an EVE event.
 *
 * No payload, no full card number and no password is ever in one: they stay where they were read.
 */

/** The flow an observation belongs to, in text. Client is whoever spoke first, but for a server's answer. */
export interface FlowIdentity {
  /** As `FlowColumns.id`. */
  id: number;
  ipVersion: number;
  /** IP protocol number. */
  protocol: number;
  clientAddress: string;
  clientPort: number;
  serverAddress: string;
  serverPort: number;
  /** As `FlowColumns.vlan`. */
  vlan: number;
  /** As `FlowColumns.tunnel`. */
  tunnel: number;
  interfaceIndex: number;
  /** Community ID v1; "" where there is no IP. */
  communityId: string;
}

/** One thing seen in a flow. */
export interface Observation {
  /** EVE's `event_type`: `dns`, `tls`, `http`, `alert` ... */
  type: string;
  /** Microseconds since 1970, packet time. */
  timeUs: number;
  flow: FlowIdentity;
  /** Whose bytes it was seen in: 0 the client's, 1 the server's. */
  direction: number;
  /** Top-level fields of the event besides those every event has, such as `{ dns: {...} }`. */
  fields: Record<string, unknown>;
  /** Alerts only: which one, and whether more is to come. */
  alert?: {
    /** The same for all that is told of one alert. */
    id: string;
    /**
     * `new` at the first sight, `update` while it goes on (at most once a second of packet time), `final` with the
     * whole count when its flow ends.
     */
    phase: "new" | "update" | "final";
    /** A flow that shows it, where the alert is about hosts and `flow.id` is 0; 0 for none. */
    flowId?: number;
  };
}
