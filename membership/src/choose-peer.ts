import type { Peer } from './peer.ts'

/**
 * The server that a call goes to next: of those that have the model and can be used the one with the least work for its
 * weight, and of several with as little one by chance, so that not all callers choose the same. While there is none, one that
 * is draining or down, which may be back; and only when none was tried one without the model, which says so.
 * @returns undefined when each that is worth it was tried
 */
export function choosePeer<Client, Model extends { readonly digest: string }>(
  peers: readonly Peer<Client, Model>[],
  { modelDigest, tried, random }: { modelDigest: string; tried: ReadonlySet<unknown>; random: () => number },
): Peer<Client, Model> | undefined {
  const ranked = peers
    .filter(peer => !tried.has(peer))
    .map(peer => ({ peer, rank: rankOf(peer, modelDigest), load: peer.load, chance: random() }))
    .filter(({ rank }) => tried.size === 0 || rank < withoutModel)
    .sort((a, b) => a.rank - b.rank || a.load - b.load || a.chance - b.chance)
  return ranked[0]?.peer
}

const withoutModel = 5

function rankOf<Client, Model extends { readonly digest: string }>(
  peer: Peer<Client, Model>,
  modelDigest: string,
): number {
  const holds = peer.holds(modelDigest)
  if (holds === false) return peer.live ? withoutModel : withoutModel + 1
  if (!peer.live) return holds ? 3 : 4
  if (!peer.usable) return 2
  return holds ? 0 : 1
}
