import type { QNetArchitecture } from '@hypershard/qnet'

/** The released models' form: ReLU, layer norm before the residual, none on the last core layer. */
export function publishedArchitecture(width: number, depth: number): QNetArchitecture {
  return {
    vectorDimensions: [...Array<number>(depth + 1).fill(width), 1],
    activation: 'relu',
    layerNorm: true,
    layerNormBeforeResidual: true,
    residual: true,
    residualOnLast: false,
  }
}
