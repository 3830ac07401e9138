"""grpcio with stubs made from the server's own reflection, health checks, deadlines."""

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from serving import LABELS, ROWS, served_iris

SERVICE = "inference.GRPCInferenceService"


@pytest.fixture(scope="module")
def channel():
    with served_iris() as (_, address):
        with grpc.insecure_channel(address) as made:
            yield made


@pytest.fixture(scope="module")
def pool(channel):
    return descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


def stub(channel, pool, method):
    descriptor = pool.FindServiceByName(SERVICE).FindMethodByName(method)
    request = message_factory.GetMessageClass(descriptor.input_type)
    answer = message_factory.GetMessageClass(descriptor.output_type)
    return request, channel.unary_unary(
        f"/{SERVICE}/{method}", request_serializer=request.SerializeToString, response_deserializer=answer.FromString)


def test_reflection_lists_services(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert set(database.get_services()) == {
        SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection"}


def test_every_described_file_is_well_formed(channel, pool):
    for symbol in [SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"]:
        service = pool.FindServiceByName(symbol)
        assert service.methods and all(method.input_type.full_name for method in service.methods)


def test_described_messages_agree_with_the_published_ones(pool):
    from tritonclient.grpc import service_pb2

    for name in ["ModelInferRequest", "ModelInferResponse", "ModelMetadataResponse", "InferTensorContents",
                 "ModelStatistics", "RepositoryIndexResponse", "ModelConfigResponse"]:
        ours, theirs = pool.FindMessageTypeByName(f"inference.{name}"), service_pb2.DESCRIPTOR.message_types_by_name[name]
        for field in ours.fields:
            known = theirs.fields_by_name[field.name]
            assert (known.number, known.type, known.label) == (field.number, field.type, field.label), field.full_name
    described = pool.FindMessageTypeByName("grpc.health.v1.HealthCheckResponse")
    assert described.enum_types[0].values_by_name["NOT_SERVING"].number == 2


def test_stubs_made_from_reflection_predict(channel, pool):
    request, call = stub(channel, pool, "ModelInfer")
    message = request(model_name="iris", id="g-1")
    message.inputs.add(name="input-0", datatype="FP64", shape=[3, 4]).contents.fp64_contents.extend(sum(ROWS, []))
    message.parameters["priority"].int64_param = 1
    answer = call(message, timeout=10)
    assert answer.id == "g-1" and list(answer.outputs[0].contents.int64_contents) == LABELS
    assert list(answer.outputs[0].shape) == [3] and not answer.raw_output_contents


def test_loading_by_upstreams_messages(channel, pool):
    request, unload = stub(channel, pool, "RepositoryModelUnload")
    assert unload(request(model_name="iris"), timeout=10).isUnloaded
    request, load = stub(channel, pool, "RepositoryModelLoad")
    answer = load(request(model_name="iris"), timeout=10)
    assert answer.isLoaded and answer.model_name == "iris"
    with pytest.raises(grpc.RpcError) as error:
        load(request(model_name="none"), timeout=10)
    assert error.value.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE)


def test_health(channel):
    client = health_pb2_grpc.HealthStub(channel)
    for service in ["", SERVICE, "iris"]:
        assert client.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status == 1
    with pytest.raises(grpc.RpcError) as error:
        client.Check(health_pb2.HealthCheckRequest(service="none"), timeout=10)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    watch = client.Watch(health_pb2.HealthCheckRequest(service="none"), timeout=10)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def test_reflection_answers_errors_in_band(channel):
    client = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol="inference.Nothing")
    answer = next(client.ServerReflectionInfo(iter([asked])))
    assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert answer.original_request == asked
    named = next(client.ServerReflectionInfo(iter([
        reflection_pb2.ServerReflectionRequest(file_by_filename="grpc/health/v1/health.proto")])))
    file = descriptor_pb2.FileDescriptorProto.FromString(named.file_descriptor_response.file_descriptor_proto[0])
    assert file.package == "grpc.health.v1"


def test_unknown_methods_are_unimplemented(channel):
    call = channel.unary_unary(f"/{SERVICE}/Nothing")
    with pytest.raises(grpc.RpcError) as error:
        call(b"", timeout=10)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_garbage_is_an_invalid_argument(channel):
    call = channel.unary_unary(f"/{SERVICE}/ModelInfer")
    with pytest.raises(grpc.RpcError) as error:
        call(b"\xff\xff\xff", timeout=10)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
