extension BuiltinSchemas {
  /// What a container and an ephemeral one have in common.
  private static let containerFields: String = """
      args: [string] atomic
      command: [string] atomic
      env: [EnvVar] merge=name
      envFrom: [EnvFromSource] atomic
      image: string
      imagePullPolicy: string
      lifecycle: Lifecycle
      livenessProbe: Probe
      name!: string
      ports: [ContainerPort] merge=containerPort,protocol
      readinessProbe: Probe
      resizePolicy: [ContainerResizePolicy] atomic
      resources: ResourceRequirements
      restartPolicy: string
      restartPolicyRules: [ContainerRestartRule] atomic
      securityContext: SecurityContext
      startupProbe: Probe
      stdin: bool
      stdinOnce: bool
      terminationMessagePath: string
      terminationMessagePolicy: string
      tty: bool
      volumeDevices: [VolumeDevice] merge=devicePath
      volumeMounts: [VolumeMount] merge=mountPath
      workingDir: string
    """

  /// Containers with their environment, probes and resources.
  static let containerSchemas: String = """
    package io.k8s.api.core.v1
    type Container
    \(containerFields)
    type EphemeralContainer
    \(containerFields)
      targetContainerName: string
    type ContainerPort
      containerPort!: int32
      hostIP: string
      hostPort: int32
      name: string
      protocol: string = "TCP"
    type ContainerResizePolicy
      resourceName!: string
      restartPolicy!: string
    type ContainerRestartRule
      action!: string
      exitCodes: ContainerRestartRuleOnExitCodes
    type ContainerRestartRuleOnExitCodes
      operator!: string
      values: [int32] set
    type EnvVar
      name!: string
      value: string
      valueFrom: EnvVarSource
    type EnvVarSource
      configMapKeyRef: ConfigMapKeySelector
      fieldRef: ObjectFieldSelector
      fileKeyRef: FileKeySelector
      resourceFieldRef: ResourceFieldSelector
      secretKeyRef: SecretKeySelector
    type FileKeySelector
      key!: string
      optional: bool
      path!: string
      volumeName!: string
    type ConfigMapKeySelector atomic
      key!: string
      name: string
      optional: bool
    type SecretKeySelector atomic
      key!: string
      name: string
      optional: bool
    type ObjectFieldSelector atomic
      apiVersion: string
      fieldPath!: string
    type ResourceFieldSelector atomic
      containerName: string
      divisor: Quantity
      resource!: string
    type EnvFromSource
      configMapRef: ConfigMapEnvSource
      prefix: string
      secretRef: SecretEnvSource
    type ConfigMapEnvSource
      name: string
      optional: bool
    type SecretEnvSource
      name: string
      optional: bool
    type Lifecycle
      postStart: LifecycleHandler
      preStop: LifecycleHandler
      stopSignal: string
    type LifecycleHandler
      exec: ExecAction
      httpGet: HTTPGetAction
      sleep: SleepAction
      tcpSocket: TCPSocketAction
    type SleepAction
      seconds!: int64
    type ExecAction
      command: [string] atomic
    type HTTPGetAction
      host: string
      httpHeaders: [HTTPHeader] atomic
      path: string
      port!: IntOrString
      scheme: string
    type HTTPHeader
      name!: string
      value!: string
    type TCPSocketAction
      host: string
      port!: IntOrString
    type GRPCAction
      port!: int32
      service: string = ""
    type Probe
      exec: ExecAction
      failureThreshold: int32
      grpc: GRPCAction
      httpGet: HTTPGetAction
      initialDelaySeconds: int32
      periodSeconds: int32
      successThreshold: int32
      tcpSocket: TCPSocketAction
      terminationGracePeriodSeconds: int64
      timeoutSeconds: int32
    type ResourceRequirements
      claims: [ResourceClaim] map=name
      limits: {Quantity}
      requests: {Quantity}
    type ResourceClaim
      name!: string
      request: string
    type SecurityContext
      allowPrivilegeEscalation: bool
      appArmorProfile: AppArmorProfile
      capabilities: Capabilities
      privileged: bool
      procMount: string
      readOnlyRootFilesystem: bool
      runAsGroup: int64
      runAsNonRoot: bool
      runAsUser: int64
      seLinuxOptions: SELinuxOptions
      seccompProfile: SeccompProfile
      windowsOptions: WindowsSecurityContextOptions
    type Capabilities
      add: [string] atomic
      drop: [string] atomic
    type VolumeDevice
      devicePath!: string
      name!: string
    type VolumeMount
      mountPath!: string
      mountPropagation: string
      name!: string
      readOnly: bool
      recursiveReadOnly: string
      subPath: string
      subPathExpr: string
    """
}
