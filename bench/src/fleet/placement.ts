import type { ClusterDescription } from '@hypershard/contract'

/** Who has which shards of some indexes, as a coordinator says. */
export interface Placement {
  /**
   * By shard, those of the first index first, the addresses of the servers that it is placed on and that have it loaded;
   * ascending. One that has it still, and is to let it go, is not among them.
   */
  readonly warm: readonly (readonly string[])[]
  /** Copies that are placed on a live server and that it has not loaded yet. */
  readonly cold: number
}

/** @param shards of each index */
export function placementOf(
  cluster: Pick<ClusterDescription, 'servers'>,
  indexes: readonly string[],
  shards: number,
): Placement {
  const warm: string[][] = Array.from({ length: indexes.length * shards }, () => [])
  let cold = 0
  for (const { address, live, shards: held } of cluster.servers) {
    for (const { index: of, shard, warm: isWarm, placed } of held) {
      const at = indexes.indexOf(of)
      if (at < 0 || !placed) continue
      if (live && isWarm) warm[at * shards + shard]?.push(address)
      else if (live) cold++
    }
  }
  return { warm: warm.map(addresses => addresses.sort()), cold }
}

/** Whether each shard is loaded where it is placed, by as many servers as wanted. */
export function isBalanced({ warm, cold }: Placement, copies: number): boolean {
  return cold === 0 && warm.every(addresses => addresses.length === copies)
}

/** Of all copies, the share that lies on servers that did not have them before. */
export function movedShare(before: Placement, after: Placement): number {
  const moved = after.warm.flatMap((addresses, shard) =>
    addresses.filter(address => before.warm[shard]?.includes(address) !== true),
  )
  const copies = after.warm.reduce((sum, addresses) => sum + addresses.length, 0)
  return copies === 0 ? 0 : moved.length / copies
}

/** How many copies a server has. */
export function copiesOf({ warm }: Placement, address: string): number {
  return warm.filter(addresses => addresses.includes(address)).length
}
