import type { MemberLoad } from '../cluster/member-load.ts'

/** A server among those that could be asked. */
export interface Replica {
  readonly load: MemberLoad
}

/** Expected times that differ by less than this factor are alike. */
const alike = 1.2

/**
 * Of two picked by chance the one with the least expected time first, then the others by theirs. Taking the best of all
 * would send every coordinator to the same one. Two that are alike stay in the order of chance.
 * @param random uniform in [0, 1)
 */
export function orderReplicas<Member extends Replica>(
  members: readonly Member[],
  random: () => number,
  nowMs: number,
): Member[] {
  const drawn = shuffled([...members], random)
  const [one, other] = drawn
  if (one === undefined || other === undefined) return drawn
  const measured = drawn.find(({ load }) => load.known)?.load
  const documents = Math.max(...drawn.map(({ load }) => load.usualDocuments))
  const expectedMs = ({ load }: Member) => load.expectedMs(documents, nowMs, measured)
  const isBetter = expectedMs(other) * alike < expectedMs(one)
  // Most shards have two copies, and a query may have a thousand shards.
  if (drawn.length === 2) return isBetter ? [other, one] : drawn
  const first = isBetter ? other : one
  const expected = new Map(drawn.map(member => [member, expectedMs(member)]))
  const others = drawn.filter(member => member !== first).sort((a, b) => expected.get(a)! - expected.get(b)!)
  return [first, ...others]
}

/** The shards of one query: what each of them is, and who could be asked. */
export interface ShardToSpread<Member extends Replica> {
  readonly shard: number
  readonly documents: number
  /** In the order to ask them; the first so many are as good as each other but for their load. */
  readonly holders: readonly Member[]
  readonly equals: number
}

/**
 * Divides the shards of one query over servers, largest first, each to that one of its first two holders where it is
 * expected to end sooner, with all that the query gives it already. A server more costs a copy of the query, so one that
 * is asked anyway is preferred while that takes no more than a fifth longer.
 */
export function spreadShards<Member extends Replica>(
  shards: readonly ShardToSpread<Member>[],
  nowMs: number,
): Map<number, readonly Member[]> {
  const given = new Map<Member, number>()
  const route = new Map<number, readonly Member[]>(shards.map(({ shard, holders }) => [shard, holders]))
  for (const { shard, documents, holders, equals } of [...shards].sort((a, b) => b.documents - a.documents)) {
    const [one, other] = holders
    if (one === undefined) continue
    const ends = (member: Member, beside: Member): Ending<Member> => {
      const before = given.get(member)
      const endMs = member.load.expectedMs((before ?? 0) + documents, nowMs, beside.load)
      return { member, endMs, asked: before !== undefined }
    }
    const chosen = other === undefined || equals < 2 ? one : sooner(ends(one, other), ends(other, one))
    given.set(chosen, (given.get(chosen) ?? 0) + documents)
    route.set(shard, [chosen, ...holders.filter(member => member !== chosen)])
  }
  return route
}

interface Ending<Member> {
  readonly member: Member
  readonly endMs: number
  /** It is asked for another shard of the query. */
  readonly asked: boolean
}

/** The first stays unless the other is better by so much that it counts. */
function sooner<Member>(one: Ending<Member>, other: Ending<Member>): Member {
  if (one.asked && other.asked) return other.endMs < one.endMs ? other.member : one.member
  const [kept, instead] = other.asked ? [other, one] : [one, other]
  return instead.endMs * alike < kept.endMs ? instead.member : kept.member
}

function shuffled<T>(list: T[], random: () => number): T[] {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const kept = list[last]!
    list[last] = list[other]!
    list[other] = kept
  }
  return list
}
