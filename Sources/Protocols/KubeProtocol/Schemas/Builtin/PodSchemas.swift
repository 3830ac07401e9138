extension BuiltinSchemas {
  /// Pods without their containers and volumes.
  static let podSchemas: String = """
    package io.k8s.api.core.v1
    type Pod kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: PodSpec
      status: PodStatus
    type PodTemplateSpec
      metadata: ObjectMeta
      spec: PodSpec
    type PodSpec
      activeDeadlineSeconds: int64
      affinity: Affinity
      automountServiceAccountToken: bool
      containers!: [Container] merge=name
      dnsConfig: PodDNSConfig
      dnsPolicy: string
      enableServiceLinks: bool
      ephemeralContainers: [EphemeralContainer] merge=name
      hostAliases: [HostAlias] merge=ip
      hostIPC: bool
      hostNetwork: bool
      hostPID: bool
      hostUsers: bool
      hostname: string
      hostnameOverride: string
      imagePullSecrets: [LocalObjectReference] merge=name
      initContainers: [Container] merge=name
      nodeName: string
      nodeSelector: {string}
      os: PodOS
      overhead: {Quantity}
      preemptionPolicy: string
      priority: int32
      priorityClassName: string
      readinessGates: [PodReadinessGate] atomic
      resourceClaims: [PodResourceClaim] merge=name retainKeys
      resources: ResourceRequirements
      restartPolicy: string
      runtimeClassName: string
      schedulerName: string
      schedulingGates: [PodSchedulingGate] merge=name
      securityContext: PodSecurityContext
      serviceAccount: string
      serviceAccountName: string
      setHostnameAsFQDN: bool
      shareProcessNamespace: bool
      subdomain: string
      terminationGracePeriodSeconds: int64
      tolerations: [Toleration] atomic
      topologySpreadConstraints: [TopologySpreadConstraint] merge=topologyKey,whenUnsatisfiable
      volumes: [Volume] merge=name retainKeys
    type PodDNSConfig
      nameservers: [string] atomic
      options: [PodDNSConfigOption] atomic
      searches: [string] atomic
    type PodDNSConfigOption
      name: string
      value: string
    type HostAlias
      hostnames: [string] atomic
      ip!: string
    type PodOS
      name!: string
    type PodReadinessGate
      conditionType!: string
    type PodSchedulingGate
      name!: string
    type PodResourceClaim
      name!: string
      resourceClaimName: string
      resourceClaimTemplateName: string
    type PodSecurityContext
      appArmorProfile: AppArmorProfile
      fsGroup: int64
      fsGroupChangePolicy: string
      runAsGroup: int64
      runAsNonRoot: bool
      runAsUser: int64
      seLinuxChangePolicy: string
      seLinuxOptions: SELinuxOptions
      seccompProfile: SeccompProfile
      supplementalGroups: [int64] atomic
      supplementalGroupsPolicy: string
      sysctls: [Sysctl] atomic
      windowsOptions: WindowsSecurityContextOptions
    type AppArmorProfile
      localhostProfile: string
      type!: string
    type SELinuxOptions
      level: string
      role: string
      type: string
      user: string
    type SeccompProfile
      localhostProfile: string
      type!: string
    type Sysctl
      name!: string
      value!: string
    type WindowsSecurityContextOptions
      gmsaCredentialSpec: string
      gmsaCredentialSpecName: string
      hostProcess: bool
      runAsUserName: string
    type PodStatus
      conditions: [PodCondition] merge=type
      containerStatuses: [ContainerStatus] atomic
      ephemeralContainerStatuses: [ContainerStatus] atomic
      hostIP: string
      hostIPs: [HostIP] atomic
      initContainerStatuses: [ContainerStatus] atomic
      message: string
      nominatedNodeName: string
      observedGeneration: int64
      phase: string
      podIP: string
      podIPs: [PodIP] merge=ip
      qosClass: string
      reason: string
      resize: string
      resourceClaimStatuses: [PodResourceClaimStatus] merge=name retainKeys
      startTime: Time
    type PodCondition
      lastProbeTime: Time
      lastTransitionTime: Time
      message: string
      observedGeneration: int64
      reason: string
      status!: string
      type!: string
    type HostIP
      ip!: string
    type PodIP
      ip!: string
    type PodResourceClaimStatus
      name!: string
      resourceClaimName: string
    type ContainerStatus
      allocatedResources: {Quantity}
      allocatedResourcesStatus: [ResourceStatus] map=name
      containerID: string
      image!: string
      imageID!: string
      lastState: ContainerState
      name!: string
      ready!: bool
      resources: ResourceRequirements
      restartCount!: int32
      started: bool
      state: ContainerState
      stopSignal: string
      user: ContainerUser
      volumeMounts: [VolumeMountStatus] map=mountPath
    type ResourceStatus
      name!: string
      resources: [ResourceHealth] map=resourceID
    type ResourceHealth
      health: string
      resourceID!: string
    type ContainerState
      running: ContainerStateRunning
      terminated: ContainerStateTerminated
      waiting: ContainerStateWaiting
    type ContainerStateRunning
      startedAt: Time
    type ContainerStateTerminated
      containerID: string
      exitCode!: int32
      finishedAt: Time
      message: string
      reason: string
      signal: int32
      startedAt: Time
    type ContainerStateWaiting
      message: string
      reason: string
    type ContainerUser
      linux: LinuxContainerUser
    type LinuxContainerUser
      gid!: int64
      supplementalGroups: [int64] atomic
      uid!: int64
    type VolumeMountStatus
      mountPath!: string
      name!: string
      readOnly: bool
      recursiveReadOnly: string
    type Binding kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      target!: ObjectReference
    """
}
