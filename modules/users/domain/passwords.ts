/**
 * Passwords of eight characters or more that lead the published lists of leaked ones, in lower
 * case.
 */
const common = new Set(
  `
  00000000 11111111 11223344 12121212 12312312 123123123 12341234 123454321 12345678 123456789
  1234567890 12344321 1234qwer 123654789 12qwaszx 13131313 147258369 159357456 159753456 18436572
  1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 22222222 55555555 66666666 69696969 77777777 87654321
  88888888 98765432 987654321 99999999 a1234567 a12345678 a123456789 aa123456 aa12345678 aaaaaaaa
  abc12345 abcd1234 abcdefgh adgjmptw administrator alexander alexandra asdf1234 asdfasdf asdfghjk
  asdfghjkl baseball basketball benjamin bigdaddy birthday blahblah blink182 butterfly caroline
  champion changeme charlie1 charlotte chocolate christian christine christopher cocacola computer
  coolness courtney creative danielle december dolphins dragon123 drowssap einstein elephant
  elizabeth everton1 evolution explorer fireball firebird football football1 freedom1 fuckyou1
  garfield godzilla gfhjkm123 hallo123 hello123 hellohello iloveyou iloveyou1 internet isabella
  iloveyou2 jennifer jonathan jordan23 kimberly kristina lasvegas letmein1 letmein123 liverpool
  lovelove manchester marlboro maradona maryjane master123 maverick mercedes metallica michelle
  microsoft midnight monkey123 motorola mountain mustang1 napoleon nicholas november p@ssw0rd
  p@ssword panasonic pa55word parola123 passw0rd password password! password1 password12 password123
  password1234 patricia pineapple platinum playboy1 playstation pokemon1 porsche911 portugal
  princess princess1 q1w2e3r4 q1w2e3r4t5 qazwsxedc qwer1234 qwerasdf qwert123 qwerty12 qwerty123
  qwerty1234 qwertyui qwertyuiop rammstein rapunzel remember rocknroll samantha samsung1 savannah
  scarface september shadow12 sherlock simpsons slipknot snickers snoopdog snowball softball
  southpark spiderman startrek starwars starwars1 steelers stephanie summer123 sunflower sunshine
  sunshine1 superman superman1 superstar sweetheart swordfish test1234 testtest thunderbird
  tinkerbell trinity1 trustno1 undertaker valentina valentine vanessa1 verygood victoria warcraft
  welcome1
  welcome123 westside whatever william1 wolverine yankees1 zaq12wsx zaq1zaq1 zxcvbnm1 zxcvbnm123
  zxcvbnm,
  `
    .trim()
    .split(/\s+/),
);

/** Tells whether a password is among the first that anyone would try for this address. */
export function isTooCommon(password: string, email: string): boolean {
  const tried = password.toLowerCase();
  const address = normaliseEmail(email);
  return common.has(tried) || tried === address || tried === address.split("@")[0];
}

/** The one form in which an address is compared, kept and shown. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}
