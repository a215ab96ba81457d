/** Which end of a flow is inside: this machine's, or in a private network. */
import { isPrivate } from "../model/address.ts";
import { LocalEnd } from "../model/flow.ts";
import type { FlowFact } from "./flow_fact.ts";

export function isClientInside(fact: FlowFact): boolean {
  const local = fact.localEnd;
  return local === LocalEnd.client || local === LocalEnd.both ||
    isPrivate(fact.addressBytes, fact.clientAt, fact.ipVersion);
}

export function isServerInside(fact: FlowFact): boolean {
  const local = fact.localEnd;
  return local === LocalEnd.server || local === LocalEnd.both ||
    isPrivate(fact.addressBytes, fact.serverAt, fact.ipVersion);
}
