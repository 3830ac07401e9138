// A rival: gRPC C++ answering every unary call with the message it got, by one thread on one completion queue.
// The generic service hands byte buffers through, so that no protobuf work is in the figure.
//   grpc_echo [PORT]    prints the port it listens on
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

namespace {

/// One call: waits to be matched, reads, answers, is used up.
class Call {
 public:
  Call(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue), stream_(&context_) {
    service_->RequestCall(&context_, &stream_, queue_, queue_, this);
  }

  void Proceed(bool good) {
    switch (state_) {
      case State::kMatching:
        if (!good) break;
        new Call(service_, queue_);
        state_ = State::kReading;
        stream_.Read(&message_, this);
        return;
      case State::kReading:
        state_ = State::kAnswering;
        if (good) {
          stream_.WriteAndFinish(message_, grpc::WriteOptions(), grpc::Status::OK, this);
        } else {
          stream_.Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no message"), this);
        }
        return;
      case State::kAnswering:
        break;
    }
    delete this;
  }

 private:
  enum class State { kMatching, kReading, kAnswering };

  grpc::AsyncGenericService* service_;
  grpc::ServerCompletionQueue* queue_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer message_;
  State state_ = State::kMatching;
};

}  // namespace

int main(int count, char** arguments) {
  const std::string port = count > 1 ? arguments[1] : "0";
  int bound = 0;
  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + port, grpc::InsecureServerCredentials(), &bound);
  builder.RegisterAsyncGenericService(&service);
  std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || bound == 0) return 1;
  std::printf("%d\n", bound);
  std::fflush(stdout);
  // Enough waiting calls that none has to wait for another to be matched.
  for (int index = 0; index < 256; ++index) new Call(&service, queue.get());
  void* tag = nullptr;
  bool good = false;
  while (queue->Next(&tag, &good)) static_cast<Call*>(tag)->Proceed(good);
  return 0;
}
