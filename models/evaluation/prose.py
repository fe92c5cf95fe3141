"""The words of the page between its tables."""

HOW_TO_READ = """\
* Made by `regrade evaluate standard`; edited by nobody. The same for your own pictures is
  `regrade evaluate folder DIR`.
* Per object: {shots} good pictures are learnt from, drawn by
  `random.Random(seed).sample(sorted good, {shots})`, seeds 0 to 4; the other good and all bad pictures are
  the test. Pictures of one physical item never stand on both sides. Figures are means over the seeds.
* Brackets are 95 % intervals: 1,000 bootstrap replicates over the items (200 for AUPRO), whole groups
  where items belong together, the same replicate for all seeds. They say how the figure would move with
  other items of the same kind, not with another product.
* Recall at 1 % (5 %) is the share of bad pictures above the lowest score that 1 % (5 %) of the good test
  pictures exceed. With fewer than 100 (20) good test pictures that score is the highest good one.
* ECE compares the probability of a difference, of which the record's shares are made, with good and bad, in
  ten bins. Sets hold many more bad pictures than a warehouse sees, so it is about their mix.
* *Decides alone* is the share of test items that `inspection/budget.py` accepts at 1 % error with 95 %
  confidence, thresholds from the other half of the items. Zero means: so few items cannot show it.
* Baselines by file size and mean colour know nothing of items, and are read in whichever direction suits
  them best. A method that is not clearly above them has shown nothing on that set.
* Times are of one picture at a time, decoding included; CPU is process time over all threads."""

LEVERS = """\
Image AUROC and CPU time per picture on a part of each set (at most 40 good, 8 of each kind of bad, 2 seeds),
so the first row differs from the table above: compare rows within this table only."""

LIMIT = "The limit comes from the references alone. Good pictures beyond it are false alarms."

ELPV = """\
* elpv: solar cells of many modules, mono- and polycrystalline apart; probability 0 against at least a half,
  100 good and 40 of each probability (seed 0). Licence: CC BY-NC-SA 4.0, evaluated only."""

RENDERED = """\
* rendered: our own pictures of objects, cameras and lights that no training has seen; the row `rendered` is
  the mean over them. Drawn defects are not worn goods: the real sets show the gap."""

GRADES = """\
New, used or damaged, by the whole way of a station: gate, comparison, what names defects, rubric. Which
folder stands for which grade was written down before any figure was seen
([decision 0015](decisions/0015-figures-are-made-by-one-command.md)). Recall counts ungraded as missed; kappa
(quadratic weights) is over the graded ones; *surely wrong* is wrong with a share of 90 % and more."""

CONTROL = """\
*Comparison only* is without the models that name defects. *Evidence hidden* is the control: from every
picture one region of a used and one of a damaged unit are painted over, its own or what others of the object
lend, so that neither evidence nor its size is left. Kappa must fall to 0 and new against rest to 0.5; what is
left is a shortcut. *Sealed* are ten rendered products under two rigs of their own that no training and no
choice has seen (`make render ARGS=--more` makes them); each look at their figures is in the list below."""

ALARMS = """\
{name}: {classes} products, 8 references each (seed 0), every other picture looked at with the limits as
shipped. {called} of {pictures} intact packages are called different: {rate} (interval by whole
products). They are hand-held before busy shelves, not on a bench, so this is the worst case. Worst
products: {worst}."""

CAUGHT = """\
Eight references each (four of the rendered products), five draws; counts of all draws together, with the
worst draw beside them. *Swapped tags*: 200 items per draw lie under another product's tag; an alert on an
item under its own tag is a false one, whatever its state. Packages are held in the hand before a shelf, and
many differ in a line of print only. *Missing parts*: each screw of each board is looked for in its box, as
the boxes are drawn on the pictures. **Not blind**: signature and shrinkage were chosen on grocery_package,
the fit of the parts' distances on screw_board; the rendered products were looked at once, afterwards.
*Codes*: every picture of the set, in one draw, for nothing is learnt; noticed is read as its text says (texts
of several lines are no identifiers, and left out), a false alarm is anything read where there is no code."""

SEVERITY = """\
{name}, references from 20221108, 2 seeds. **The shooting day gives the class away**: good cans of another day
stand in the table to show how much of a difference is the day alone. Only the two rows of 20221108 compare
like with like; the rest is order at best."""

LOOKS = """\
Every look at commutator, phone_screen, food_can, elpv and the sealed renders, `regrade evaluate folder`
included."""
