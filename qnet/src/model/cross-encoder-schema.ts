import { z } from 'zod'
import { fileFactsSchema, fileName, modelName, tokensMax } from './model-schema.ts'

/** What `model.json` of a cross-encoder says its format is: whoever does not know the kind refuses it by that. */
export const crossEncoderFormat = 'hypershard.cross-encoder/1'

/** Tokens that a tokenizer puts around a query and a text, at most, and one of the text. */
const besideQueryMin = 5

/** `model.json` of a cross-encoder: docs/formats/cross-encoder.md describes every member, and others are refused. */
export const crossEncoderSchema = z
  .strictObject({
    format: z.literal(crossEncoderFormat),
    name: modelName,
    description: z.string().max(1000),
    license: z.string().min(1).max(200),
    source: z.string().max(1000),
    tokenizer: z.strictObject({
      file: fileName,
      maxTokens: z
        .number()
        .int()
        .min(1 + besideQueryMin)
        .max(tokensMax),
      maxQueryTokens: z.number().int().min(1).max(tokensMax),
    }),
    scorer: z.strictObject({ file: fileName }),
    files: z.record(fileName, fileFactsSchema),
  })
  .superRefine((model, context) => {
    for (const problem of inconsistencies(model)) context.addIssue({ code: 'custom', ...problem })
  })
  .readonly()

export type CrossEncoderSettings = z.output<typeof crossEncoderSchema>

function inconsistencies({ tokenizer, scorer, files }: Omit<CrossEncoderSettings, 'format'>) {
  const problems: { path: string[]; message: string }[] = []
  const { maxTokens, maxQueryTokens } = tokenizer
  if (maxQueryTokens + besideQueryMin > maxTokens) {
    const message = `leaves a text no room: it must be at most ${maxTokens - besideQueryMin}, ${besideQueryMin} less than maxTokens`
    problems.push({ path: ['tokenizer', 'maxQueryTokens'], message })
  }
  const used = [tokenizer.file, scorer.file]
  for (const file of used) {
    if (!Object.hasOwn(files, file)) problems.push({ path: ['files'], message: `does not list ${file}` })
  }
  for (const file of Object.keys(files)) {
    if (!used.includes(file)) problems.push({ path: ['files', file], message: 'is listed but nothing uses it' })
  }
  return problems
}
