/** Whether the digits end in their check digit, ISO/IEC 7812-1 Annex B (Luhn). Counted from the right: both parities. */
export function passesLuhn(digits: Uint8Array, length: number): boolean {
  let sum = 0;
  for (let i = length - 1; i >= 0; i -= 2) sum += digits[i];
  for (let i = length - 2; i >= 0; i -= 2) {
    const twice = digits[i] * 2;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}
