import type { LocalCluster } from '@hypershard/local-cluster'

/**
 * One Ctrl-C may arrive several times: from the terminal, which signals the whole process group, and from npm and
 * other launchers, which pass on what they got. Only a request after this long is a second one.
 */
const sameRequestMs = 500

/** Stops the cluster at the first request to end, kills its processes at the second. */
export class EndOnRequest {
  #firstMs: number | undefined
  #forced = false

  constructor(cluster: LocalCluster, onEndRequest: (callback: () => void) => void) {
    onEndRequest(() => {
      const ms = performance.now()
      if (this.#firstMs === undefined) {
        this.#firstMs = ms
        cluster.stop()
      } else if (ms - this.#firstMs > sameRequestMs) {
        this.#forced = true
        cluster.kill()
      }
    })
  }

  /** Whether somebody asked for the end. */
  get requested(): boolean {
    return this.#firstMs !== undefined
  }

  /** Whether somebody asked for it twice. */
  get forced(): boolean {
    return this.#forced
  }
}
