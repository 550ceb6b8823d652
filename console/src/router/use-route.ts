import { useEffect, useState } from 'preact/hooks'
import { type HashRoute, parseHash } from './hash-route.ts'

/** Where one is; the component is drawn again when that changes. */
export function useRoute(): HashRoute {
  const [route, setRoute] = useState(() => parseHash(location.hash))
  useEffect(() => {
    const follow = () => setRoute(parseHash(location.hash))
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return route
}

/** Goes to a link of `hrefOf`. With `replace`, the way back does not lead through where one is now. */
export function navigate(href: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (!replace) location.hash = href
  else {
    history.replaceState(null, '', href)
    // The browser tells of no change that a script makes so.
    dispatchEvent(new HashChangeEvent('hashchange'))
  }
}
