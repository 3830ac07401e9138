/// What `apus VERB --help` prints below the summary.
enum VerbUsage {
  private static let client = """
      -n, --namespace NS    the namespace, else the kubeconfig's
      --kubeconfig FILE     else that of --data-dir, else KUBECONFIG, else that of a local `apus up`
      --context NAME        of the kubeconfig, else its current one
      --data-dir DIR        of the `apus up` that is meant

    """

  private static let texts: [String: String] = [
    "up": """
      --data-dir DIR        where state lives (APUS_DATA_DIR, else ~/.apus)
      --api-port PORT       of the Kubernetes API (6443; 0 for any free one)
      --gateway-port PORT   of the gateway (8081; 0 for any free one)
      --samples DIR         a folder that every namespace sees as the claim `samples`
      --ingress-domain D    services are reached as NAME-NAMESPACE.D (localhost)
      --store STORE         sqlite, or memory to forget everything at the end (sqlite)
      --config FILE         YAML with claims, images and ingressDomain (DIR/config.yaml)

    """,
    "server": """
      --model_name NAME     (model)
      --model_dir DIR       folder with the model's file, the file, or a folder of such folders
      --framework NAME      sklearn; else found out by the file's content
      --http_port PORT      HTTP and gRPC (8080)
      --grpc_port PORT      gRPC alone (8081)
      --host ADDRESS        else POD_IP, else loopback only
      --workers N           event loops (1)
      --max-batchsize N     rows that are computed together, with --max-latency MILLISECONDS
      --model_memory_limit BYTES, --container_concurrency N, --queue_size N, --response_cache_bytes BYTES
      --enable_latency_logging BOOL
    Flags may be spelt with dashes or come as variables (APUS_SERVER_QUEUE_SIZE); other flags of KServe's
    servers are accepted. docs/server.md tells them all.
    PREDICT_PROBA=true answers probabilities; APUS_LOG_LEVEL is debug, info, warning or error.

    """,
    "storage-initializer": """
      SRC                   a path, file://, pvc://CLAIM/PATH, gs://, http:// or https://
      DEST                  the folder that receives the files

    """,
    "manifests": """
      crds                  the CustomResourceDefinitions, for any Kubernetes (what is printed by default)
      runtimes              the built-in ClusterServingRuntimes
      config                the namespace kserve with inferenceservice-config
      all                   all of these
      webhook --image IMAGE the admission webhook for a cluster; the image holds the program apus
    Apply them with `apus manifests | kubectl apply -f -`; `apus up` has them already.

    """,
    "webhook": """
      --kubeconfig FILE     else KUBECONFIG, else ~/.kube/config, else the pod's service account
      --context NAME        of the kubeconfig, else its current one
      -n, --namespace NS    where its Secret and Service lie (POD_NAMESPACE, else kserve)
      --webhook-port PORT   (9443)
      --webhook-host HOST   for a webhook outside of the cluster: the address at which API servers reach it
      --health-probe-addr A HOST:PORT or :PORT of /healthz and /readyz (:8081)
    `apus manifests webhook --image IMAGE` prints what it needs on a cluster.

    """,
    "apply": """
      -f, --filename FILE   YAML or JSON, a folder of them, or - for standard input
      --wait                until the services among them are ready; says why one is not
      --timeout T           of --wait: 60s, 2m, 1h (300s)
      -o, --output FORM     name or json

    """ + client,
    "get": """
      TYPE[,TYPE…] [NAME…]  or TYPE/NAME…; `all` for everything that belongs to a workload
      -o, --output FORM     wide, yaml, json, name or jsonpath=…
      -l, --selector S      label selector
      -A, --all-namespaces

    """ + client,
    "wait": """
      NAME                  or isvc/NAME
      --for condition=C     (condition=Ready), condition=C=False, or delete
      --timeout T           60s, 2m, 1h (60s)

    """ + client,
    "delete":
      """
      -f, --filename FILE   or TYPE NAME…
      --ignore-not-found
      --wait                until they are gone

    """
      + client,
    "logs": """
      -f, --follow
      -p, --previous        of the container's last run
      -c, --container NAME
      --tail N              only the last lines

    """ + client,
    "predict": """
      -d, --data BODY       @FILE, @- for standard input, or the JSON itself; V2 where an input has a datatype
      --model NAME          where the model's name is not the service's

    """ + client,
    "describe": client,
    "rollout": """
      status NAME           how far the newest revision is; waits for it (--no-wait: does not)
      promote NAME          all requests to the newest revision: removes canaryTrafficPercent
      undo NAME             all requests back to the revision before: canaryTrafficPercent 0
      pause NAME            the newest revision keeps the share that it has now
      --component C         predictor, transformer or explainer (predictor)
      --timeout T           of status: 60s, 2m, 1h (60s)
      -o, --output json     of status

    """ + client,
    "plan": """
      -f, --filename FILE   YAML or JSON, a folder of them, or - for standard input
      --server              compare with what is there, by the API's dry run; else the files alone count
      -o, --output json
    Exit code 0: nothing to do, 2: changes, 1: something is refused.

    """ + client,
    "why": """
      NAME…                 services; none: all that are not well; or configmap/inferenceservice-config
      -f, --filename FILE   manifests: what is stored, or why the API refuses it
      -o, --output json     code, value, cause, fix, chain
      --runtimes            why each runtime was not chosen
      -A, --all-namespaces
    Exit code 0 where nothing is wrong, 1 where something is. The codes: docs/failure-codes.md.

    """ + client,
    "endpoints": "  --data-dir DIR        of the `apus up` that is meant\n",
  ]

  static func text(of verb: Verb) -> String {
    "apus \(verb.name): \(verb.summary)\n\n\(texts[verb.name] ?? "")"
  }
}
