/** Packages of the real data, of which images are composed under names that nobody has asked for. */
export const NAMES =
  'git make jq openssh chrony musl-dev e2fsprogs iw doas dhcpcd wget tzdata openssl sfdisk vlan ppp-radius scanelf gnutls yx tiny-cloud libcap2 nettle pcre2 yaml zlib'.split(
    ' ',
  );

/** Returns a function that chooses so many packages, never the same ones twice; the same in every run. */
export function newNames(): (count: number) => readonly string[] {
  const asked = new Set<string>();
  let seed = 1;
  return (count) => {
    for (;;) {
      const chosen = new Set<string>();
      while (chosen.size < count) {
        seed = (seed * 48_271) % 2_147_483_647;
        chosen.add(NAMES[seed % NAMES.length] ?? '');
      }
      const names = [...chosen].sort();
      if (asked.has(names.join())) continue;
      asked.add(names.join());
      return names;
    }
  };
}

/** Seconds until the manifest is there. @throws Error if it is refused */
export async function composeName(url: string, names: readonly string[]): Promise<number> {
  const begun = performance.now();
  const response = await fetch(`${url}/v2/alpine/${names.join('/')}/manifests/latest`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return (performance.now() - begun) / 1000;
}
