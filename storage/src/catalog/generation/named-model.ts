/** A model as records and encoder services name it. */
export interface NamedModel {
  readonly name: string
  /** SHA-256 (hex) of its `model.json`. */
  readonly digest: string
}
