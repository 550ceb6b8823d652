import { z } from 'zod'
import type { ServerEntry } from './ports.ts'

/** Which kind of server announces itself: each kind has keys and a channel of its own. */
export const memberKinds = ['shard-server', 'encoder'] as const
export type MemberKind = (typeof memberKinds)[number]

/** How long an announcement stands unless it is renewed, and how often it is: two may be lost. */
export const announcementMs = 15_000
export const renewEveryMs = announcementMs / 3

/** More servers than a cluster has: what comes beyond is left out of the view. */
export const membersMax = 4_096

const text = z.string().max(300)
const bytes = z.number().int().nonnegative()

/**
 * What a server says of itself: the value of its key, as JSON, and with each change the message of its channel. Only
 * address, weight and zone make a view; the rest is for who looks into the Redis.
 */
export const memberSchema = z.object({
  address: text.regex(/^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$/),
  zone: text,
  weight: z.number().positive(),
  device: text,
  memoryBytes: bytes,
  memoryFreeBytes: bytes,
  protocolVersion: z.number().int().nonnegative(),
  modelDigests: z.array(text).max(1_000),
  draining: z.boolean(),
})

/** A server as it announces itself. */
export type Member = Readonly<z.output<typeof memberSchema>>

const messageSchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('here'), member: memberSchema }),
  z.object({ is: z.literal('gone'), address: text }),
])

/** What goes by the channel: a server that is there or changed, or one that ends. */
export type MemberMessage = z.output<typeof messageSchema>

export function keyOf(kind: MemberKind, address: string): string {
  return `${keyPrefix(kind)}${address}`
}

export function keyPrefix(kind: MemberKind): string {
  return `hypershard:members:${kind}:`
}

/** Channels are those of all databases of a Redis, so that each cluster's database is named. */
export function channelOf(kind: MemberKind, database: number): string {
  return [keyPrefix(kind), database].join('channel:')
}

/** Undefined for what is none. */
export function parseMember(json: string): Member | undefined {
  return memberSchema.safeParse(parseJson(json)).data
}

/** Undefined for what is none. */
export function parseMessage(json: string): MemberMessage | undefined {
  return messageSchema.safeParse(parseJson(json)).data
}

export function entryOf({ address, weight, zone }: Member): ServerEntry {
  return { address, weight, zone }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
