"""English phrases of each claim, a comma between them, read from the beginning of a word.

A trailing `$` wants the word's end as well. A longer phrase outweighs one in it. The text is read with
`doesn't` as `does not` and without apostrophes.
"""

from collections.abc import Mapping

from inspection.claims.codes import Claim

EN: Mapping[Claim, str] = {
    Claim.CRACKED: (
        "crack, shattered, splintered, smashed to pieces, smashed screen, hairline, fractured, "
        "split open, broken glass, glass is broken, glass was broken, screen is broken, "
        "broken screen, glass broke, in shards, spiderweb, spider web, fissure, shards, is split, "
        "has split, exploded into, glass all over, shatter, has burst"
    ),
    Claim.SCRATCHED: (
        "scratch, scuff, scrape, paint is chipped, paint chipped, paint is off, chipped paint, "
        "coating has rubbed, scraped, abrasion, grazed, gouge, nicks, scored, marked up, rubbed off, "
        "keys were dragged, scrached, scraches, scratc, worn finish"
    ),
    Claim.DENTED: (
        "dent$, dents$, dented, bent$, bashed in, warped, crushed flat, caved in, deformed, "
        "out of shape, dinged, buckled, misshapen, squashed flat, pushed in, out of round, "
        "knocked in, not straight, dent on, dent in, crumpled, ding$, dings$, was dropped"
    ),
    Claim.STAINED: (
        "stain$, stains$, stained, dirty, filthy, mould, mold$, moldy, mildew, yellowed, "
        "brown spots, dark spots, ink mark, grease mark, greasy, black marks, discoloured, "
        "discolored, smudge, grubby, soiled, dirt on, splotch, blotch, grey mark, mud on, mud$, "
        "muddy, lipstick, rust, handprint, patches of dirt, spilled coffee, musty, spots on, "
        "mark on the, not clean, unclean"
    ),
    Claim.TORN: (
        "hole in, holes in, a hole, small hole, small holes, holes, torn$, tear$, tears$, ripped, "
        "rip in, rip on, rips$, seam came apart, seam split, seams split, unravel, frayed, "
        "stitching is, stitches came, coming undone, loose threads, seam is open, "
        "came apart at the seam, rip near, rip$, rips, threads hanging, puncture, unsewn, laddered, "
        "come loose, slit in, slit$, seam, unstitched, coming apart, tattered, shredded"
    ),
    Claim.LEAKING: (
        "leak, spilled, spilt, oozed, oozing, seeps, seeping, drips, dripping, liquid everywhere, "
        "ran out of the bottle, dribble, burst in the, puddle, ink came out, not hold water, "
        "drains out, sprays water, loses water, seeped, half empty, spill, wet inside, burst in"
    ),
    Claim.BROKEN: (
        "broken, damaged, in pieces, snapped, fell apart, falls apart, broke$, has come off, "
        "came off, chipped, smashed, busted, damage in transit, bits falling off, fallen off, "
        "in bits, came away, it got damaged, damage, latch is, wrecked, two halves, in halves, "
        "tabs broken, bashed, destroyed, ruined, come off, breaks, brok$, brokn, chunk, snap$"
    ),
    Claim.OWN_DAMAGE: (
        "i dropped, i have dropped, i had dropped, dropped it myself, broke it myself, i broke, "
        "i have broken, i cracked, i scratched, i damaged, i tore, i ripped, i stained, i spilled, "
        "i spilt, we broke, we dropped, my son broke, my daughter broke, my kid broke, "
        "my kids broke, my child broke, my son dropped, my daughter dropped, my child dropped, "
        "my toddler, my dog, my cat, the dog chewed, the cat scratched, i accidentally broke, "
        "i accidentally dropped, i accidentally damaged, accidentally dropped, accidentally broke, "
        "accidentally damaged, accidental damage, fell out of my hand, slipped from my hand, "
        "slipped out of my hand, knocked it over, i sat on, i stepped on, dropped in water, "
        "fell into the water, i sat on it, sat on it, fell off my"
    ),
    Claim.SWOLLEN_BATTERY: (
        "battery is swollen, swollen battery, battery has swollen, swollen, battery bulges, "
        "battery is bulging, bulging battery, battery swelled, battery has expanded, "
        "battery expanded, battery puffed, battery is puffy, puffed up battery, battery bulge, "
        "bulging, bloated battery, battery is bloated, battery inflated"
    ),
    Claim.PACKAGE_DAMAGED: (
        "box was crushed, box is crushed, crushed box, damaged box, box was damaged, box is damaged, "
        "packaging was damaged, packaging is damaged, damaged packaging, packaging damaged, "
        "packaging was torn, packaging torn, torn packaging, ripped packaging, packaging ripped, "
        "parcel was soaked, parcel was open, parcel was damaged, package was damaged, "
        "box badly crushed, carton torn, box is ruined, box was ruined, box squashed, "
        "box was squashed, box is squashed, damaged package, package damaged, box was broken, "
        "box was torn, package was torn, packaging was ripped, packaging was ripped open, "
        "packing was, crushed packaging, box arrived crushed, packaging is torn, box looked like, "
        "mailer, box soaked, carton collapsed, shipping box, gift packaging, box got wet, "
        "box is torn, box all, box open, parcel arrived open, box came crushed, box came damaged, "
        "box arrived damaged, box was dented, box is dented, dented box, torn box, carton was wet, "
        "carton was torn, carton was crushed, outer box badly, outer box is, outer box was crushed, "
        "outer box crushed, box had a hole, box had a big, original box was, parcel was crushed"
    ),
    Claim.DOES_NOT_WORK: (
        "does not work, do not work, did not work, not working, does not turn on, will not turn on, "
        "did not turn on, not turn on, will not switch on, not switch on, will not start, "
        "does not start, does not charge, will not charge, not charging, stopped working, "
        "quit working, dead on arrival, is dead, was dead, no sound, no power, not power, "
        "keeps freezing, keeps crashing, faulty, defective, malfunction, not functional, "
        "does not function, not functioning, not respond, not connect, nothing happens, stays black, "
        "does nothing, does not heat, does not light, shuts off, turns off by itself, "
        "shuts itself off, not operational, never worked, does not come on, not boot, "
        "stopped functioning, doa$, broken button, kaputt, no longer works, died$, is silent, "
        "boots into, not register, never gets warm, never warm, paper jam, error code, beeps, "
        "drops the connection, disconnect, grinding noise, no picture, not focus, no suction, "
        "battery drains, not do anything, black display, will not boot, not heat, not spin, "
        "will not pair, not pair, not detect, not recognise, not recognize, will not open, not play, "
        "cuts out, dead battery, overheats, flickers, glitch, will not stay on, not turn, not wok, "
        "not wrk, refuses to, crashes, not start, never turned on, silent, unresponsive, not load, "
        "smoking, a loop"
    ),
    Claim.POOR_QUALITY: (
        "poor quality, bad quality, low quality, quality is bad, quality is poor, "
        "quality is terrible, terrible quality, awful quality, cheap material, feels cheap, "
        "cheaply made, badly made, poorly made, poor workmanship, flimsy, shoddy, shrank, shrunk, "
        "faded, colour runs, color runs, smells of, smells bad, bad smell, awful smell, "
        "chemical smell, stinks, sloppy, pills after, thin fabric, paper thin, rubbish quality, "
        "inferior, quality is not good, not good quality, quality is not, bad workmanship, "
        "uneven stitching, by a thread, bobbles, pilling, plastic smell, see through, wobbly, "
        "not sturdy, dye came off, like a toy, cheap, not worth, out of the wash, rough edges, "
        "rubbish, crap$, crappy, junk, garbage, tacky, itchy, badly stitched, smell, not durable, "
        "sturdy, low grade, substandard, scratchy"
    ),
    Claim.MISSING_PART: (
        "missing, not in the box, was not included, is not included, not included, "
        "were not included, came without, incomplete, no charger, no cable, no manual, no adapter, "
        "no battery, no remote, no accessories, no screws, only received, only got, only one of, "
        "lacks, not complete, arrived without, parts short, nothing in the box, empty box, "
        "left out of the box, only one in the box, left out, bolts short, short of, "
        "only three arrived, only two arrived, only one arrived, box was empty, empty package, "
        "no plug, not supplied, promised is not, one glove only, quantity is short, was not there, "
        "were not there, not inside, only had, forgot to include, forgot to put, but received only, "
        "items short, short one, short two, nothing inside, is not there"
    ),
    Claim.WRONG_ITEM: (
        "wrong item, wrong product, wrong colour delivered, wrong color delivered, wrong model sent, "
        "wrong model delivered, sent the wrong, sent me the wrong, shipped the wrong, "
        "delivered the wrong, received the wrong, got the wrong, received a wrong, got a wrong, "
        "sent a wrong, not what i ordered, not the one i ordered, not the item i ordered, "
        "got something else, received something else, different model, different item, "
        "different product, received a different, got a different, somebody elses order, "
        "someone elses order, incorrect item, incorrect product, other than what i ordered, "
        "not my order, mixed up, not the one i chose, wrong thing, bought the men, came instead, "
        "instead of the, instead of a, instead of what, somebody elses, someone elses shirt, "
        "not my parcel, completely different thing, completely different item, and you sent, "
        "and u sent, but you sent, but received, but got, and received, and got a, sent me a, "
        "different size, different colour, different color, different one, they sent, not mine, "
        "wrong order, wrong parcel, wrong package, not the product"
    ),
    Claim.NOT_AS_DESCRIBED: (
        "not as described, not as advertised, not as pictured, not as shown, not like the picture, "
        "not look like the, nothing like, not match the description, not match the picture, "
        "not match the photo, different from the pic, different from the photo, "
        "different from the descr, different to the pic, different than the pic, misleading, "
        "false advertising, inaccurate, not what was advertised, not what the, differs from the, "
        "colour is different, color is different, not the same as the pic, not as in the, "
        "falsely advertised, not as expected from, listing said, listing says, listing claimed, "
        "description was, description said, the ad said, advertised as, claims, photo shows, "
        "page says, stated on, deceiving, deceptive, than the video, the website says, website said, "
        "advert said, said it was, not like the, different online, totally different, "
        "was supposed to be, supposed to be, not what i saw, not what was, not the material, "
        "as seen on, not match, not correspond, lied, untrue, fraudulent, description says, "
        "photos show"
    ),
    Claim.COUNTERFEIT: (
        "fake$, fakes$, counterfeit, not genuine, not authentic, not original, not an original, "
        "imitation, knock off, knockoff, replica, bogus, bootleg, not the real, "
        "not real leather brand, real brand, spelling mistakes, cheap copy, not a genuine, fake one, "
        "not legit, pirated, serial does not exist, serial number does not exist"
    ),
    Claim.USED_BEFORE: (
        "used before, been used, was used, is used$, second hand, secondhand, signs of use, "
        "signs of wear, already open, opened before, been opened, was opened, previously opened, "
        "previously used, previously owned, pre owned, preowned, refurbished, seal was broken, "
        "seal is broken, already used, already been, not new$, worn by, worn before, "
        "someone elses return, somebody elses return, seal broken, obviously used, clearly used, "
        "worn them, has worn, someone has, somebody has, tags were cut, no tags, without tags, "
        "another customers, film was peeled, seal was, not sealed, unsealed, elses account, sand in, "
        "open box, display model, ex display, already worn, had been worn, someone used, "
        "obviously worn, not brand new, looks used, look used, looked used"
    ),
    Claim.TOO_SMALL: (
        "too small, too tight, too short, too narrow, runs small, bigger size, larger size, size up, "
        "next size up, a bit small, bit tight, pinch, squeezes, size smaller, fits too tight, "
        "smaller than i, smaller than exp, very small, really small, so small, so tight, way small, "
        "little small, bit small, fits small, not go past, crushed toes, not zip, not go around, "
        "too snug, snug, above my ankles, smaller than, need it larger, tight across, "
        "up to my thighs, a size larger, a larger, a bigger, not button, small on me, small for, "
        "squash my, hurts my feet, short on me, not get it on, not get into, tight$, "
        "can not get it on, can not get into"
    ),
    Claim.TOO_LARGE: (
        "too big, too large, too loose, too long, too wide, too baggy, runs large, runs big, "
        "smaller size, size down, baggy, size too big, bigger than i, larger than i, "
        "bigger than exp, larger than exp, bigger than my, loose around, swimming in, very big, "
        "really big, so big, way big, bit big, bit large, fits large, slips out, slips off, "
        "falls off my, slides around, drags on, fall off when, like a sack, a sack, too much space, "
        "room for two, spins on, covers my eyes, hang down, hangs, need it smaller, a size smaller, "
        "a smaller, large on me, big on me, big for, large for, loose, drowns me, falls off, "
        "oversized, oversize, bulky, too heavy, takes up, it is huge, huge on"
    ),
    Claim.DOES_NOT_FIT: (
        "does not fit, do not fit, did not fit, not fit, wrong size for me, wrong size, "
        "size is wrong, not the right size, size is not right, sizing is, incorrect size, "
        "not compatible, incompatible, fit is, poor fit, bad fit, the fit, dimensions are, "
        "not the size, not line up, wrong shape, not match our, is not made for, not plug into, "
        "not sit right, not suitable for my, will not fit, size issue, size problem, "
        "not the correct size, measurements, not go into, not made for, wrong fit, fitting is"
    ),
    Claim.CHANGED_MIND: (
        "changed my mind, change my mind, changed our mind, change of mind, do not want it, "
        "do not want this, do not want them, not want it any, no longer want, no longer need, "
        "do not need, not need it, not needed, did not like, do not like, does not like, "
        "not like it, do not love, does not suit, not suit me, not my style, not for me, regret, "
        "unwanted, impulse, no use for, decided against, decided not to, already has one, "
        "already have one, hates it, not what i was looking for, not use it enough, justify, "
        "no space for, not go with my, not play with it, gave me one, do not want to keep, "
        "plans changed, no need of, no need for, not look good, not look right, prefer my, whim, "
        "not what i hoped, not really what, not keep, not a fan, not keen, second thoughts, surplus, "
        "not to my taste, not my taste, looks better on, not suited, not love, hate, not need"
    ),
    Claim.ORDERED_BY_MISTAKE: (
        "ordered by mistake, bought by mistake, by mistake, by accident, accidentally ordered, "
        "accidentally bought, accidental, accidentally, ordered the wrong, bought the wrong, "
        "chose the wrong, picked the wrong, selected the wrong, clicked the wrong, ordered twice, "
        "bought twice, ordered two by, duplicate order, my fault, my own mistake, ordered too many, "
        "pressed buy, clicked buy twice, i meant to, meant to get, meant to order, meant to buy, "
        "my bad, misread, wrong quantity, not mean to, did not mean, mistakenly, my mistake, "
        "two instead of one"
    ),
    Claim.FOUND_CHEAPER: (
        "cheaper, better price, lower price, price dropped, price drop, price has dropped, "
        "lowered the price, went on sale, on sale now, too expensive, better deal, less elsewhere, "
        "half the price, discounted, for less, less than i paid, $20 less, reduced right after, "
        "overpriced, same for less, rebuy, sale price, cost less, costs less, costs half, "
        "price went down, price match, now on sale, black friday, with the coupon"
    ),
    Claim.LATE: (
        "too late, arrived late, came late, was late, late delivery, delivered late, delayed, "
        "delay$, took too long, taking too long, far too long, missed the delivery, "
        "not arrive in time, not arrive on time, not in time, came after the, arrived after the, "
        "took three weeks, took two weeks, not come in time, weeks late, days late, weeks after, "
        "days after, turned up a month, had already started, for three weeks, took forever, "
        "months late, not on time, behind schedule, a week late, a month after, arrived a week, "
        "long wait, late$, a late, by then i"
    ),
    Claim.NO_REASON: "",
}
