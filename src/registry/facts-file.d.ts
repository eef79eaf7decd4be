/** A compiled registry, embedded as text when the program is bundled. */
declare module '*.facts' {
  const text: string;
  export default text;
}
