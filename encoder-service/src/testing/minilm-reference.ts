import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface ReferenceText {
  readonly tokenIds: number[]
  /** The first values of the unit vector. */
  readonly values: number[]
}

/** What PyTorch and the reference tokenizer make of some texts with the shipped model; training/ computes it. */
export interface MinilmReference {
  readonly limits: { readonly query: number; readonly document: number }
  readonly texts: {
    readonly name: string
    readonly text: string
    readonly query: ReferenceText
    readonly document: ReferenceText
  }[]
}

const root = new URL('../../../', import.meta.url)

/** The model directories that the project ships. */
export const minilmPath = fileURLToPath(new URL('models/minilm-dense', root))
export const hypershardMiniPath = fileURLToPath(new URL('models/hypershard-mini', root))

export const minilmReference: MinilmReference = JSON.parse(
  readFileSync(new URL('test/fixtures/minilm/reference-vectors.json', root), 'utf8'),
)
