import { z } from 'zod'
import { qnetArchitectureSchema } from '../architecture.ts'

/** The one version of `model.json` there is so far. */
export const modelFormat = 'hypershard.model/1'

/** Longest text an encoder may be asked to read; bounds one row of a batch. */
export const tokensMax = 8192
/** Room for [CLS], [SEP] and one token between them. */
const tokensMin = 3
const fileNameMax = 255
/** Of what is put before a text: a few words that a model was trained with, or an instruction, never a document. */
const prefixCharactersMax = 1000

/** Files lie beside `model.json`: a name that leads out of the directory is refused. */
export const fileName = z
  .string()
  .max(fileNameMax)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a plain file name of the model directory')

export const modelName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be lowercase letters, digits, ".", "_" and "-"')

const pooling = z.enum(['mean', 'cls'])

/** Absent is none: the model reads texts as they are. */
const prefix = z
  .string()
  .max(prefixCharactersMax)
  .regex(/\S\s+$/, 'must be a text with white space at its end, so that no word of it is joined to one of what follows')
  .optional()

const hyperHeadSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pooled'), pooling, normalize: z.boolean() }),
  z.strictObject({ kind: z.literal('attention'), file: fileName }),
])

export const fileFactsSchema = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lowercase hex digits'),
  bytes: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
})

/**
 * `model.json`: what the files of a model directory are and how they work together. docs/formats/model.md describes
 * every member; a member that is not listed there is refused.
 */
export const modelSchema = z
  .strictObject({
    format: z.literal(modelFormat),
    name: modelName,
    description: z.string().max(1000),
    license: z.string().min(1).max(200),
    source: z.string().max(1000),
    tokenizer: z.strictObject({
      file: fileName,
      maxQueryTokens: z.number().int().min(tokensMin).max(tokensMax),
      maxDocumentTokens: z.number().int().min(tokensMin).max(tokensMax),
      queryPrefix: prefix,
      documentPrefix: prefix,
    }),
    encoder: z.strictObject({ query: fileName, document: fileName, hiddenWidth: z.number().int().min(1).max(4096) }),
    documentHead: z.strictObject({ pooling, normalize: z.boolean() }),
    hyperHead: hyperHeadSchema,
    qnet: qnetArchitectureSchema,
    files: z.record(fileName, fileFactsSchema),
  })
  .superRefine((model, context) => {
    for (const problem of inconsistencies(model)) context.addIssue({ code: 'custom', ...problem })
  })
  .readonly()

/** `about.json`, beside it: what people want to know of a model and no vector depends on. */
export const aboutSchema = z
  .strictObject({
    languages: z
      .array(z.string().regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, 'must be a BCP 47 tag, such as "en"'))
      .min(1)
      .max(200),
  })
  .readonly()

export type ModelSettings = z.output<typeof modelSchema>
export type Pooling = z.output<typeof pooling>

/** Every file that the settings refer to, each once. */
export function filesOf(model: Pick<ModelSettings, 'tokenizer' | 'encoder' | 'hyperHead'>): string[] {
  const head = model.hyperHead.kind === 'attention' ? [model.hyperHead.file] : []
  return [...new Set([model.tokenizer.file, model.encoder.query, model.encoder.document, ...head])]
}

type Checked = Omit<ModelSettings, 'format'>

/** Members that are each valid alone and contradict one another. */
function inconsistencies(model: Checked): { path: string[]; message: string }[] {
  const problems: { path: string[]; message: string }[] = []
  const width = model.qnet.vectorDimensions[0]
  if (width !== model.encoder.hiddenWidth) {
    const message = `starts at ${width}, but document vectors have the encoder's hiddenWidth ${model.encoder.hiddenWidth}`
    problems.push({ path: ['qnet', 'vectorDimensions'], message })
  }
  if (model.hyperHead.kind === 'pooled' && model.qnet.vectorDimensions.length !== 2) {
    const message = 'a pooled head makes only the last matrix, so vectorDimensions must be [width, 1]'
    problems.push({ path: ['hyperHead', 'kind'], message })
  }
  const used = filesOf(model)
  for (const file of used) {
    if (!Object.hasOwn(model.files, file)) problems.push({ path: ['files'], message: `does not list ${file}` })
  }
  for (const file of Object.keys(model.files)) {
    if (!used.includes(file)) problems.push({ path: ['files', file], message: 'is listed but nothing uses it' })
  }
  return problems
}
