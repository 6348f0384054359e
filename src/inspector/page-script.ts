/** The page as one script, put in its place when the package is built; see `tsup.config.ts`. */
declare const STEADYSTREAM_INSPECTOR_PAGE: string | undefined;

let bundled: Promise<string> | undefined;

/** The script of the page. */
export function pageScript(): Promise<string> {
  bundled ??= script();
  return bundled;
}

async function script(): Promise<string> {
  // Run from source, it is bundled when it is asked for first. In the package this is never true, and is not there.
  if (typeof STEADYSTREAM_INSPECTOR_PAGE === 'undefined') {
    const { bundlePage } = await import('./bundle-page.ts');
    return bundlePage();
  }
  return STEADYSTREAM_INSPECTOR_PAGE;
}
