/**
 * Random 32-bit words, the same for the same seed: xoshiro128** 1.1 (Blackman and Vigna, Scrambled linear pseudorandom
 * number generators, 2021), its state filled from the seed through the finaliser of MurmurHash3.
 * @param seed a whole number from 0 to 2^32 - 1
 */
export function randomWords(seed: number): () => number {
  let [a, b, c, d] = [mix(seed, 1), mix(seed, 2), mix(seed, 3), mix(seed, 4)]
  return () => {
    const word = Math.imul(rotate(Math.imul(b, 5), 7), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return word >>> 0
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}

/** The four words are different, so the state is never all zero. */
function mix(seed: number, place: number): number {
  let word = (seed + Math.imul(place, 0x9e3779b9)) | 0
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return word ^ (word >>> 16)
}
