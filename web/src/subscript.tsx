/** `x_{-3}`, or `x-3`, as the paper writes it. */

const INDEXED = /^([A-Za-z]+)_?\{?(-?\d+)\}?$/;

export function Subscript({ text }: { text: string }) {
  const [, letter, index] = INDEXED.exec(text) ?? [];
  if (letter === undefined || index === undefined) return <>{text}</>;
  return <i>{letter}<sub>{index.replace("-", "−")}</sub></i>;
}

export function plain(text: string): string {
  return text.replace(INDEXED, "$1$2").replace("-", "−");
}
