import { parseExactJson } from '@hypershard/common'
import { z } from 'zod'
import type { Hit, SearchAnswer } from '../search/search.ts'
import type { SearchProfile } from '../search/search-profile.ts'
import { coverageJson, coverageSchema } from './coverage.ts'

const milliseconds = z.number().min(0)
const count = z.int().min(0)

const hitSchema = z.object({
  id: z.string(),
  score: z.number().nullable().describe('Null when it is NaN or infinite.'),
  title: z.string().optional(),
  text: z.string().optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
})

const profileSchema = z.object({
  encode_ms: milliseconds,
  fan_out_ms: milliseconds,
  merge_ms: milliseconds,
  fetch_ms: milliseconds,
  qnet_bytes: count.describe('The most that a shard server was sent of the query.'),
  query_form: z.enum(['weights', 'token_states']),
  qnet_cached: z.boolean(),
  shards: z.array(
    z.object({
      shard: count,
      server: z.string(),
      documents_scored: count,
      documents_scanned: count,
      documents_walked: count,
      plan: z
        .enum(['exact', 'tangent', 'graph'])
        .describe('What the plan came to; `graph` where any segment was walked.'),
      queue_ms: milliseconds,
      head_ms: milliseconds,
      score_ms: milliseconds,
      ship_ms: milliseconds,
      stop_reason: z.enum(['complete', 'deadline', 'cancelled']),
    }),
  ),
})

export const searchAnswerSchema = z.object({
  hits: z.array(hitSchema).describe('By score descending, then id ascending (UTF-8 bytes).'),
  coverage: coverageSchema,
  plan: z.enum(['exact', 'tangent', 'graph', 'auto']),
  took_ms: milliseconds,
  manifest_version: count,
  query_truncated: z.boolean(),
  query_tokens: count.describe('Of the query, those that the model read.'),
  query_unknown_tokens: count.describe(
    "Of these, the ones that the model's vocabulary does not have: it cannot tell them apart.",
  ),
  next_cursor: z.string().nullable().describe('Null on the last page.'),
  profile: profileSchema.optional(),
})

export function searchAnswerJson(answer: SearchAnswer): z.input<typeof searchAnswerSchema> {
  return {
    hits: answer.hits.map(hitJson),
    coverage: coverageJson(answer.coverage),
    plan: answer.plan,
    took_ms: answer.tookMs,
    manifest_version: answer.manifestVersion,
    query_truncated: answer.queryTruncated,
    query_tokens: answer.queryTokens,
    query_unknown_tokens: answer.queryUnknownTokens,
    next_cursor: answer.nextCursor,
    ...(answer.profile === undefined ? {} : { profile: profileJson(answer.profile) }),
  }
}

function hitJson({ id, score, document }: Hit): z.input<typeof hitSchema> {
  if (document === undefined) return { id, score }
  const fields = parseExactJson(document.fieldsJson || '{}') as Record<string, unknown>
  return { id, score, title: document.title, text: document.text, fields }
}

function profileJson(profile: SearchProfile): z.input<typeof profileSchema> {
  return {
    encode_ms: profile.encodeMs,
    fan_out_ms: profile.fanOutMs,
    merge_ms: profile.mergeMs,
    fetch_ms: profile.fetchMs,
    qnet_bytes: profile.qnetBytes,
    query_form: profile.queryForm === 'weights' ? 'weights' : 'token_states',
    qnet_cached: profile.qnetCached,
    shards: profile.shards.map(
      ({
        documentsScored,
        documentsScanned,
        documentsWalked,
        headMs,
        queueMs,
        scoreMs,
        shipMs,
        stopReason,
        ...shard
      }) => ({
        ...shard,
        ...{ documents_scored: documentsScored, documents_scanned: documentsScanned },
        documents_walked: documentsWalked,
        ...{ queue_ms: queueMs, head_ms: headMs, score_ms: scoreMs },
        ...{ ship_ms: shipMs, stop_reason: stopReason },
      }),
    ),
  }
}
