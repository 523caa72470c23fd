"""How the check of a gallery is told: numbers and names, never an embedding."""

from rest_framework import serializers

from shared_schema.evaluate.gallery_report import Advice, ends_wrong
from shared_schema.node import NodeSettings


class CheckQuerySerializer(serializers.Serializer[object]):
    """Without it the most lenient setting of any node counts."""

    strangers_named_one_in = serializers.IntegerField(
        required=False, min_value=10, max_value=1_000_000, help_text=NodeSettings.model_fields["strangers_named_one_in"].description
    )


class CheckedPersonSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField(source="person")
    name = serializers.CharField()


class LikenessSerializer(serializers.Serializer[object]):
    """Two people and how similar they are."""

    person = CheckedPersonSerializer()
    other = CheckedPersonSerializer()
    similarity = serializers.FloatField()


class ConfusionSerializer(LikenessSerializer):
    """A sample of `person` that comes closer to `other`; `own` is what it reaches with its own person's other samples."""

    own = serializers.FloatField()
    wrong_name = serializers.SerializerMethodField(help_text="true: a door would give the wrong name; false: staff would be asked")

    def get_wrong_name(self, confusion: object) -> bool:
        return ends_wrong(confusion)  # type: ignore[arg-type]  # DRF knows not what it is given


class OwnSimilaritySerializer(serializers.Serializer[object]):
    lowest = serializers.FloatField()
    rare = serializers.FloatField(help_text="all but one in twenty reach it")
    median = serializers.FloatField()


class TallySerializer(serializers.Serializer[object]):
    """How the tried samples end. `strangers_named`: how many would be named if their person were not enrolled."""

    right = serializers.IntegerField()
    unsure = serializers.IntegerField()
    unknown = serializers.IntegerField()
    wrong = serializers.IntegerField()
    strangers_named = serializers.IntegerField()


class SuggestionSerializer(serializers.Serializer[object]):
    """`look`: no setting helps, the listed people have to be looked into."""

    advice = serializers.ChoiceField(choices=[advice.value for advice in Advice])
    strangers_named_one_in = serializers.IntegerField()
    because = serializers.CharField()


class GalleryReportSerializer(serializers.Serializer[object]):
    """Every sample against the template of the person's other samples and everybody else's. Similarities are cosines."""

    model_id = serializers.CharField()
    strangers_named_one_in = serializers.IntegerField()
    people = serializers.IntegerField()
    samples = serializers.IntegerField()
    tested = serializers.IntegerField(help_text="samples of people with more than one")
    bar = serializers.FloatField(help_text="from here doors name")
    unsure_bar = serializers.FloatField(help_text="from here doors ask staff")
    ended = TallySerializer()
    own = OwnSimilaritySerializer(allow_null=True)
    own_headroom = serializers.FloatField(allow_null=True, help_text="`own.rare` less the bar")
    highest_stranger = LikenessSerializer(allow_null=True, help_text="`person`, were they not enrolled, comes nearest to `other`")
    stranger_headroom = serializers.FloatField(allow_null=True, help_text="the bar less the highest stranger")
    highest_pair = LikenessSerializer(allow_null=True, help_text="the two closest templates")
    alike = LikenessSerializer(many=True, help_text="templates above the bar, the first fifty")
    alike_count = serializers.IntegerField()
    confusions = ConfusionSerializer(many=True, help_text="the first fifty")
    confusion_count = serializers.IntegerField()
    one_sample_only = CheckedPersonSerializer(many=True, help_text="they cannot be tried, and are recognised worst")
    suggestion = SuggestionSerializer()


class GalleryCheckSerializer(serializers.Serializer[object]):
    report = GalleryReportSerializer()
    unreadable = serializers.ListField(child=serializers.CharField(), help_text="names of people with an embedding that cannot be read")
    other_model = serializers.IntegerField(help_text="samples that the model in use has not embedded")
