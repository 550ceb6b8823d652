import type { countAnswerSchema } from '@hypershard/contract'
import type { z } from 'zod'
import type { CountAnswer } from '../reading/count-documents.ts'
import { coverageJson } from './coverage-json.ts'

export function countJson({ count, coverage, ...facts }: CountAnswer): z.input<typeof countAnswerSchema> {
  return { count, coverage: coverageJson(coverage), manifest_version: facts.manifestVersion, took_ms: facts.tookMs }
}
