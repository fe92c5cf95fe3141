"""The tree of model errors, cut by remedy.

ModelError
|-- BadImage            the picture cannot be used: take it again
|-- NotReady            the set of references does not allow it: ask the operator to add photos
|   |-- NoReferences        nothing was enrolled under this SKU
|   |-- TooManyReferences   a view holds as many photos as it may
|   |-- BadParts            a list of a product's parts that cannot be understood, or is too long
|   `-- BadName             a SKU, view or merchant that cannot name a folder
|-- BadCard             the light card cannot be read: lay it again
|   |-- CardMissing         no marker of a light card is seen
|   |-- CardCovered         some of its four markers are not seen
|   |-- SeveralCards        more than one card lies there
|   |-- WrongCard           another size than was said
|   |-- CardTooSmall        it covers too few pixels
|   |-- CardBlurred         its edges are not sharp
|   |-- CardAskew           it is bent, or the camera looks at it from the side
|   `-- CardLight           it is too dark, too bright, or shadow or glare lies on it
|-- BadBench            the pictures do not make a calibration: take them again
|-- CannotTrain         training cannot begin: do what the sentence says, and start it again
|   |-- NoTrainer           the training extra is not installed
|   |-- BadTrainingSet      pictures and labels that are not what the trainer reads
|   `-- TooFewVerdicts      not enough confirmed verdicts, grades or days to learn from
|-- CannotEvaluate      a folder of pictures allows no figures: name another, or add to it
|   |-- FolderMissing       there is no such folder
|   |-- NoGoodPictures      no object with a folder of good pictures
|   |-- TooFewGood          fewer good pictures than references and one to test
|   |-- NoBadPictures       nothing to tell apart from the good ones
|   `-- BadQuestion         an option, or a file of figures or labels, that makes no sense
`-- WrongSetUp          the installation is broken: fix it, do not grade
    |-- ModelRefused        a model file or its manifest that is not what was published
    |-- ModelFailed         the runtime failed, or answered with other shapes or no numbers
    |-- BankRefused         a reference bank that is damaged, or made for something else
    |-- CalibrationRefused  a calibration of the bench that is damaged, or made for something else
    `-- NoTextReader        the extra that reads text on labels is not installed
"""

from inspection.evidence import ImageFault


class ModelError(Exception):
    """Anything the models refuse; `str()` is a sentence for a person."""

    code = "model_error"
    """Language-neutral code: the key of the words and of the metrics."""


class BadImage(ModelError):
    """A picture that cannot be used, with the fault that the station shows."""

    code = "bad_image"

    def __init__(self, fault: ImageFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault


class NotReady(ModelError):
    """The references do not allow what was asked."""

    code = "not_ready"


class NoReferences(NotReady):
    """Nothing was enrolled under this SKU."""

    code = "no_references"


class TooManyReferences(NotReady):
    """A view holds as many photos as it may."""

    code = "too_many_references"


class BadParts(NotReady):
    """A list of a product's parts that cannot be understood, or is too long."""

    code = "bad_parts"


class BadName(NotReady):
    """A SKU, view or merchant that cannot name a folder."""

    code = "bad_name"


class CannotTrain(ModelError):
    """Training cannot begin."""

    code = "cannot_train"


class NoTrainer(CannotTrain):
    """The training extra is not installed."""

    code = "no_trainer"


class BadTrainingSet(CannotTrain):
    """Pictures and labels that are not what the trainer reads."""

    code = "bad_training_set"


class TooFewVerdicts(CannotTrain):
    """Not enough confirmed verdicts, grades or days to learn from."""

    code = "too_few_verdicts"


class CannotEvaluate(ModelError):
    """A folder of pictures that allows no figures."""

    code = "cannot_evaluate"


class FolderMissing(CannotEvaluate):
    """There is no such folder."""

    code = "folder_missing"


class NoGoodPictures(CannotEvaluate):
    """No object with a folder of good pictures."""

    code = "no_good_pictures"


class TooFewGood(CannotEvaluate):
    """Fewer good pictures than references and one to test."""

    code = "too_few_good"


class NoBadPictures(CannotEvaluate):
    """Nothing to tell apart from the good ones."""

    code = "no_bad_pictures"


class BadQuestion(CannotEvaluate):
    """An option, or a file of figures or labels, that makes no sense."""

    code = "bad_question"


class BadCard(ModelError):
    """The light card cannot be read in this picture."""

    code = "bad_card"


class CardMissing(BadCard):
    """No marker of a light card is seen."""

    code = "card_missing"


class CardCovered(BadCard):
    """Some of the card's four markers are not seen."""

    code = "card_covered"


class SeveralCards(BadCard):
    """More than one card lies there."""

    code = "several_cards"


class WrongCard(BadCard):
    """The card has another size than was said."""

    code = "wrong_card"


class CardTooSmall(BadCard):
    """The card covers too few pixels."""

    code = "card_too_small"


class CardBlurred(BadCard):
    """The card's edges are not sharp."""

    code = "card_blurred"


class CardAskew(BadCard):
    """The card is bent, or the camera looks at it from the side."""

    code = "card_askew"


class CardLight(BadCard):
    """The card is too dark or too bright, or shadow or glare lies on it."""

    code = "card_light"


class BadBench(ModelError):
    """The pictures do not make a calibration of the bench."""

    code = "bad_bench"


class WrongSetUp(ModelError):
    """The installation is broken."""

    code = "wrong_set_up"


class ModelRefused(WrongSetUp):
    """A model file or manifest that is not what was published."""

    code = "model_refused"


class ModelFailed(WrongSetUp):
    """The runtime failed or gave no usable numbers."""

    code = "model_failed"


class BankRefused(WrongSetUp):
    """A reference bank that is damaged or made for something else."""

    code = "bank_refused"


class CalibrationRefused(WrongSetUp):
    """A calibration of the bench that is damaged or made for something else."""

    code = "calibration_refused"


class NoTextReader(WrongSetUp):
    """The extra that reads text on labels is not installed."""

    code = "no_text_reader"
