/** Meanings that no product of the shop may lie under. */
export const refusedRoots =
  "weapon.1 vehicle.1 drug.1 alcohol.1 gun.1 explosive.1 poison.1 medicine.2 torture.4 poker.1 " +
  "playing_card.1 place_of_business.1 orchid.1 aster.1 gentian.1 composite.2 knot.2 sail.1 " +
  "counter.1 man.10 sheet.2 sights.1 pocket.1";

/** Words in a definition of what is old, foreign to a shop, military, clerical, living or worse. */
export const refusedDefinition = new RegExp(
  "\\b(" +
    [
      "weapons?|military|soldiers?|army|warfare|war|armou?r|knights?|gladiators?|hunt(ers?|ing)",
      "ancient|formerly|medieval|middle ages|obsolete|(1[0-9]|early|late)th century",
      "centur(y|ies)|prisons?|prisoners?|police|execution(er)?|criminals?|slaves?|offensive",
      "vulgar|derogatory|slang|priests?|clergy(man|men)?|bishops?|popes?|monks?|nuns?|church",
      "religio(n|us)|liturg\\w+|rabbis?|jew(s|ish)?|muslims?|islam\\w*|hindu\\w*|sikhs?",
      "mormons?|torah|papal|altar|ritual|worn by women in|corpses?|dead|death|burial|cremat\\w+",
      "urine|f(a)?eces|excrement|sexual\\w*|contracepti\\w+|penis|vagina\\w*|genitals?",
      "breasts? of a nursing|horses?|donkeys?|vehicles?|aircraft|airplanes?|ships?|automobiles?",
      "rockets?|missiles?|locomotives?|drugs?|narcotics?|cocaine|marijuana|opium|tobacco",
      "cigars?|cigarettes?|poison(ous)?|toxic|alcoholic|liquor|brandy|whiske?y|rum|gin|vodka",
      "wine|beer|surg(eon|ical|ery)\\w*|medical|patients?|explosives?|ammunition|bombs?|voters?",
      "ballots?|uniform|dogs?|cats?|puppies|whales?|mythical|legendary|imaginary|theat(er|re)",
      "stage|courtroom|judge|money|roulette|casino|bets?|gambl\\w+|chimney|fishing boats?",
      "unborn|embryo\\w*|spy|radar|laborator\\w+",
    ].join("|") +
    ")\\b",
  "i",
);

/**
 * Words that no product's name may have: not goods, not wanted, not clear alone, or a trade mark.
 */
export const refusedWords = new Set(
  [
    "coca cola|pepsi|amati|guarnerius|stradavarius|mustache cup|oreo|fools dunce cap",
    "dunce cap|straitjacket|chastity belt|hangman's rope|noose|burn bag|body bag",
    "electric chair|deathbed|marriage bed|sickbed|flying carpet|red carpet|aladdin's lamp",
    "limelight|toilet seat|commode|chaise percee|witness stand|box seat|beauty spot|bladder",
    "air bag|dog biscuit|circuitry|windfall|wish-wash|potion|swill|mush|slop|pap|pulp|offal",
    "brain|heart|tripe|horsemeat|coffin|guillotine|crown of thorns|loincloth|breechcloth",
    "yarmulke|miter|burqa|yashmak|chador|diplomatic pouch|mailbag|hair shirt|golliwog",
    "voodoo doll|ballot|cyclostyle|iou|bulletproof vest|chap|mercy seat|musnud|peacock-throne",
    "prie-dieu|pew|altar|built-in bed|nest|upper berth|lower berth|sheraton|bier|sarcophagus",
    "cash register|snuffbox|pyx|safe-deposit|six-pack|cobweb|lint|shirttail|fag end|gore",
    "save-all|spark arrester|tucker|canopy|panting|blackface|war paint|sword knot",
    "shoulder board|crown jewel|ringlet|goffer|beaver|cockscomb|kachina|switchblade|barong",
    "bolo|parang|catling|zero|slit lamp|cardiac monitor|electronic fetal monitor|gas maser",
    "jammer|scrambler|crystal detector|job-oriented terminal|remote terminal|extension",
    "off-line equipment|goniometer|satellite transmitter|spark transmitter",
    "television transmitter|radio compass|parking meter|turret clock|system clock|gun case",
    "quiver|imperial|shoe|breast drill|sawmill|dentist's drill|trepan|croupier's rake",
    "triphammer|stamping machine|gutter|slice|slick|plexor|latchstring|die|poleax|lister|gang",
    "hack|upset|battering ram|bull tongue|bitt pin|bridge|break seal|time|turnspit|blue chip",
    "cage|basket|mound|first base|second base|third base|home plate|pin|clay pigeon",
    "dimpled chad|hanging chad|swinging chad|tri-chad|chad|ticker tape|punched card|host",
    "eolith|paleolith|neolith|rat cheese|calf's brain|milt|honeycomb tripe|stomach sweetbread",
    "gobbet|neck sweetbread|foie gras|goose liver|turtle soup|frog legs|viand|special",
    "soup du jour|liquor|pulse|pieplant|potherb|raw vegetable|julienne|scalded milk|sour milk",
    "raw milk|must|sugar water|wort|paddy|opium poppy|sealskin|mink|sable|sable coat",
    "chinchilla|fur|miniver|weeds|swaddling clothes|sackcloth|mending|laundry|flatwork",
    "hand-me-down|seat belt|holster|baldric|scapular|motley|separate|prayer shawl|pea shooter",
    "slingshot|popgun|snowball|tree house|circus tent|field tent|calceus|talaria|buskin",
    "esophagoscope|mass spectrograph|sound spectrograph|rolodex|hoover|walkman|video ipod",
    "post-it|sharpie|levi's|bvd|primus stove|silex|lilo|burberry|dixie cup|dixie|crock pot",
    "postum|tabasco|pablum|oven stuffer|velveeta|twinkie|life saver|lego|meccano|frisbee",
    "dacron|orlon|ultrasuede|wiffle|courtelle|viyella|aertex|streetlight|pay-phone",
    "sporting goods|lawn furniture|dinnerware|kitchenware|hollowware|flatware|skid lid",
    "topknot|cope|capuchin|mantelet|domino|tabard|armilla|pectoral|bugle|frog|talc",
    "space helmet|case|revenue stamp|newspaper|waste paper|timecard|hitching post|skewer spit",
    "mound builder|bellyband|hatchel|rammer|stemmer|drove|strickle|ravehook|scauper|pricket",
    "spud|scuffle|wedgie|pusher|shark fin|dip|chandlery|flash|output device|mangel-wurzel",
    "rocker|canvas|snuffers|hob|bill|head gasket|piston ring|wrist pin|hood latch|lashing",
    "cringle|fillet|worm|perfumery|nard|dolphinfish|horseflesh|pasty|train|liner|royal|web",
    "fiber|metallic|waterproof|wash-and-wear|permanent press|narrow wale|wide wale|print",
    "cerecloth|breast pocket|hip pocket|patch pocket|slash pocket|doggie bag|tucker-bag",
    "sweat bag|bin liner|backseat|chicken wire|hand cheese|headpiece|sowbelly|slumgullion",
    "mulligan stew|souse|cuppa|jewish rye bread|prince albert|lane's prince albert",
    "hug-me-tight|toad-in-the-hole|spotted dick|strapless|reversible|wraparound|two-piece",
    "sleeper|uplift|arctic|cling|freestone|seeder|popper|spider|grid|bumper|booth|platen",
    "secretary|davenport|safe|flat|frail|hod|bones|baritone|drone|free-reed|kettle|driver",
    "hammer|shot|rings|stick|mold|duff|neck|plate|round|shoulder|strip steak|blade|coral",
    "sucker",
  ]
    .join("|")
    .split("|"),
);
