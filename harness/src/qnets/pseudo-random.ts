/**
 * Pseudo-random tensors that Python makes bit for bit alike (training/hypershard_training), so that reference values can
 * be committed without their inputs: a counter through murmur3's finaliser.
 */

import type { QNetWeights } from '@hypershard/qnet'
import { coreLayers, layerShapes, type QNetArchitecture, vectorWidth } from '@hypershard/qnet'

/** f32 values in [-scale, scale). */
export function pseudoRandomTensor(seed: number, length: number, scale: number): Float32Array {
  const factor = Math.fround(scale)
  return Float32Array.from({ length }, (_, index) => Math.fround(Math.fround(unit(seed, index)) * factor))
}

function unit(seed: number, index: number): number {
  let x = (seed + Math.imul(index, 0x9e3779b9)) >>> 0
  x ^= x >>> 16
  x = Math.imul(x, 0x85ebca6b) >>> 0
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35) >>> 0
  x ^= x >>> 16
  return (x >>> 0) / 2 ** 31 - 1
}

/** The documents f32 [rows, width] and q-net weights of a reference case. */
export function pseudoRandomCase(
  architecture: QNetArchitecture,
  seed: number,
  rows: number,
): { documents: Float32Array; weights: QNetWeights } {
  return {
    documents: pseudoRandomTensor(seed, rows * vectorWidth(architecture), 1),
    weights: pseudoRandomWeights(architecture, seed),
  }
}

/** Weights whose layers keep the size of what goes through them. */
export function pseudoRandomWeights(architecture: QNetArchitecture, seed: number): QNetWeights {
  return {
    matrices: layerShapes(architecture).map((shape, index) =>
      pseudoRandomTensor(seed + 1 + 2 * index, shape.in * shape.out, Math.sqrt(3 / shape.in)),
    ),
    biases: coreLayers(architecture).map((shape, index) => pseudoRandomTensor(seed + 2 + 2 * index, shape.out, 0.1)),
  }
}
