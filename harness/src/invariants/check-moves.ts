import assert from 'node:assert/strict'

/** For each shard, the addresses of its holders. */
export type Placement = readonly (readonly string[])[]

/** How many copies of shards lie on servers that did not have them. */
function movesBetween(before: Placement, after: Placement): number {
  const moved = after.map((holders, shard) => holders.filter(address => before[shard]?.includes(address) !== true))
  return moved.reduce((sum, addresses) => sum + addresses.length, 0)
}

/** Throws an AssertionError when a change of servers moves more than this share of all copies of shards. */
export function checkMoves(before: Placement, after: Placement, shareMax: number): void {
  const copies = after.reduce((sum, holders) => sum + holders.length, 0)
  const moves = movesBetween(before, after)
  assert.ok(moves <= Math.ceil(copies * shareMax), `${moves} of ${copies} copies move, of ${shareMax} at most`)
}
