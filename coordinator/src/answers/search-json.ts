import { parseExactJson } from '@hypershard/common'
import type { facetAnswerSchema, hitSchema, searchAnswerSchema, searchProfileSchema } from '@hypershard/contract'
import type { z } from 'zod'
import { passageOf } from '../search/passage-of.ts'
import type { Highlight, Hit, HitGroup, RerankOutcome, SearchAnswer } from '../search/search-answer.ts'
import type { SearchProfile, ShardProfile } from '../search/search-profile.ts'
import type { FacetCounts } from '../search/stages/count-facets.ts'
import { coverageJson } from './coverage-json.ts'
import { fieldValueJson } from './field-value-json.ts'
import { leafScoresJson } from './leaf-scores-json.ts'
import { scanCountsJson } from './scan-counts-json.ts'

export function searchAnswerJson(answer: SearchAnswer): z.input<typeof searchAnswerSchema> {
  return {
    hits: answer.hits.map(hitJson),
    ...(answer.groups && { groups: answer.groups.map(groupJson) }),
    ...(answer.facets && { facets: answer.facets.map(facetJson) }),
    coverage: coverageJson(answer.coverage),
    plan: answer.plan,
    took_ms: answer.tookMs,
    manifest_version: answer.manifestVersion,
    query_truncated: answer.queryTruncated,
    query_tokens: answer.queryTokens,
    query_unknown_tokens: answer.queryUnknownTokens,
    cached: answer.cached,
    next_cursor: answer.nextCursor,
    ...(answer.rerank && { rerank: rerankJson(answer.rerank) }),
    ...(answer.leaves && { leaves: [...answer.leaves] }),
    ...interpretationJson(answer),
    ...(answer.profile === undefined ? {} : { profile: profileJson(answer.profile) }),
  }
}

function groupJson({ type, value, hits }: HitGroup) {
  return { value: value === undefined ? null : fieldValueJson(type, value), hits: hits.map(hitJson) }
}

function facetJson({ field, type, values, distinct }: FacetCounts): z.input<typeof facetAnswerSchema> {
  return { field, values: values.map(({ value, count }) => ({ value: fieldValueJson(type, value), count })), distinct }
}

function interpretationJson({
  interpretation,
}: SearchAnswer): Pick<z.input<typeof searchAnswerSchema>, 'interpretation'> {
  if (interpretation === undefined || interpretation.any.length === 0) return {}
  return { interpretation: { any: [...interpretation.any] } }
}

function rerankJson({ scored: _, ...outcome }: RerankOutcome): z.input<typeof searchAnswerSchema>['rerank'] {
  return outcome
}

function hitJson(hit: Hit): z.input<typeof hitSchema> {
  const { id, score, document, passage, rerankScore, estimate, scores, highlight, composed } = hit
  const reranked = rerankScore !== undefined && { rerank_score: rerankScore }
  const ofScore = { ...(scores && { scores }), ...(estimate !== undefined && { estimate }) }
  const ofQuery = {
    ...(passage && { passage: passageOf(passage, document?.text) }),
    ...leafScoresJson(composed),
  }
  const more = { ...ofQuery, ...ofScore }
  const highlighted = highlight && { highlight: highlightJson(highlight) }
  if (document === undefined) return { id, score, ...reranked, ...more }
  const fields = parseExactJson(document.fieldsJson || '{}') as Record<string, unknown>
  return { id, score, ...reranked, title: document.title, text: document.text, fields, ...more, ...highlighted }
}

function highlightJson({ fragments, partial }: Highlight): z.input<typeof hitSchema>['highlight'] {
  return { fragments: fragments.map(({ marks, ...fragment }) => ({ ...fragment, marks: [...marks] })), partial }
}

function profileJson(profile: SearchProfile): z.input<typeof searchProfileSchema> {
  return {
    encode_ms: profile.encodeMs,
    fan_out_ms: profile.fanOutMs,
    merge_ms: profile.mergeMs,
    fetch_ms: profile.fetchMs,
    ...(profile.rerankMs !== undefined && { rerank_ms: profile.rerankMs }),
    ...(profile.highlightMs !== undefined && { highlight_ms: profile.highlightMs }),
    qnet_bytes: profile.qnetBytes,
    query_form: profile.queryForm === 'weights' ? 'weights' : 'token_states',
    qnet_cached: profile.qnetCached,
    ...(profile.likeBy === undefined ? {} : { like_by: profile.likeBy }),
    shards: profile.shards.map(shardProfileJson),
  }
}

function shardProfileJson(shard: ShardProfile): z.input<typeof searchProfileSchema>['shards'][number] {
  return {
    shard: shard.shard,
    server: shard.server,
    attempts: shard.attempts,
    hedged: shard.hedged,
    won_by: shard.wonBy,
    ...scanCountsJson(shard),
    plan: shard.plan,
    queue_ms: shard.queueMs,
    head_ms: shard.headMs,
    score_ms: shard.scoreMs,
    ship_ms: shard.shipMs,
    stop_reason: shard.stopReason,
  }
}
