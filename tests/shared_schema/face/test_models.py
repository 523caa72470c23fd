import numpy as np
import pytest

from shared_schema.face.manifest import ModelSet
from shared_schema.face.models import sources
from shared_schema.face.models.build import HERE, build
from shared_schema.face.models.dlib_weights import Convolution, Network, WeightsError
from shared_schema.face.models.flat import Graph
from shared_schema.face.models.network import compile_embedder
from shared_schema.face.runtime import Network as Runner
from shared_schema.face.source import PackageSource


@pytest.mark.models_source
@pytest.mark.skipif(
    not all(archive.present() for archive in sources.ARCHIVES),
    reason="the packages that the model set is made from are not in .cache/models; fetch them with `make models`",
)
def test_the_committed_files_are_what_the_sources_give() -> None:
    for name, content in build().items():
        assert (HERE / name).read_bytes() == content, f"{name} differs; run `make models`"


def test_the_manifest_pins_the_archives_that_are_built_from(model_set: ModelSet) -> None:
    pinned = {(archive.file, archive.sha256) for archive in sources.ARCHIVES}
    stated = [model.source for model in model_set.manifest.files]
    assert {(source.archive, source.archive_sha256) for source in stated if isinstance(source, PackageSource)} == pinned
    requirements = (sources.ROOT / "requirements" / "models.txt").read_text(encoding="utf-8")
    for archive in sources.ARCHIVES:
        assert f"{archive.package}=={archive.version}" in requirements
        assert archive.sha256 in requirements


def random_network() -> Network:
    random = np.random.default_rng(5)
    sizes = [(32, 7, 3, 2)]
    channels = 32
    for width, halving, plain in ((32, 0, 3), (64, 1, 3), (128, 1, 2), (256, 1, 2), (256, 1, 0)):
        for block in range(halving + plain):
            halves = halving == 1 and block == 0
            sizes += [(width, 3, channels, 2 if halves else 1), (width, 3, width, 1)]
            channels = width
    convolutions = tuple(
        Convolution(
            (random.standard_normal((out, window, window, into)) * np.sqrt(2 / (window * window * into))).astype(np.float32),
            np.zeros(out, np.float32),
            stride,
        )
        for out, window, into, stride in sizes
    )
    return Network(convolutions, random.standard_normal((128, 256)).astype(np.float32))


def test_a_compiled_network_runs_and_compiles_to_the_same_bytes() -> None:
    content = compile_embedder(random_network())
    assert compile_embedder(random_network()) == content
    runner = Runner(content, name="random")
    assert (runner.input_shape, runner.output_shapes) == ((1, 150, 150, 3), ((1, 128),))
    (output,) = runner(np.random.default_rng(1).random((1, 150, 150, 3), np.float32))
    assert np.isfinite(output).all()
    assert np.abs(output).max() > 0


def test_a_network_with_a_layer_too_many_is_refused() -> None:
    network = random_network()
    with pytest.raises(ValueError, match="more layers"):
        compile_embedder(Network((*network.convolutions, network.convolutions[-1]), network.projection))


def test_a_written_convolution_computes_what_it_says() -> None:
    graph = Graph("test")
    source = graph.input("image", (1, 4, 4, 1))
    kernel = np.zeros((1, 3, 3, 1), np.float32)
    kernel[0, 1, 1, 0], kernel[0, 0, 0, 0] = 2, 1
    content = graph.write(graph.convolution("c", source, kernel, np.array([0.5], np.float32), stride=1, same=0, relu=0))
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    (output,) = Runner(content, name="test")(image)
    inner = image[0, :, :, 0]
    assert np.allclose(output[0, :, :, 0], 2 * inner[1:3, 1:3] + inner[0:2, 0:2] + 0.5, atol=1e-3)


@pytest.mark.parametrize("data", [b"", b"nothing of the kind", b"\x01\x05con_4\x01\x02\x01\x01\x01\x01\x01\x01\x01\x7f"])
def test_a_file_without_the_network_is_refused(data: bytes) -> None:
    with pytest.raises(WeightsError):
        Network.parse(data)
