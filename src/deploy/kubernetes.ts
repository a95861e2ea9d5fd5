/** Manifests for Kubernetes 1.25 and newer. */
import { commandInImage } from "./container.js";
import type { ResolvedFacts } from "./facts.js";
import { bodyMebibytes, seconds } from "./facts.js";
import type { GeneratedFile } from "./types.js";

/** Before SIGTERM: time in which every proxy of the cluster learns that this pod gets no new calls. */
const PRE_STOP_S = 5;
/** What the process needs beside its calls before it is killed. */
const STOP_MARGIN_S = 10;
const STORE_IN_POD = "/data";
/** The account `node` of the image. */
const NODE_UID = 1000;

export function kubernetesFiles(facts: ResolvedFacts): readonly GeneratedFile[] {
  const documents = [deploymentOf(facts), serviceOf(facts), ingressOf(facts)];
  if (facts.storeDirectory !== undefined) documents.push(claimOf(facts));
  const content = `${headOf(facts)}${documents.join("---\n")}${autoscalerOf(facts)}`;
  return [{ path: `${facts.name}.yaml`, content, install: `review it, then: kubectl apply -f ${facts.name}.yaml` }];
}

function headOf({ name, description, publicUrl }: ResolvedFacts): string {
  return `# ${description} as ${publicUrl.href}
# Once, before it: one secret for all pods, or a session is known to the pod alone that opened it.
#   kubectl create secret generic ${name} --from-literal=MCP_SECRET="$(openssl rand -base64 32)"
`;
}

function deploymentOf(facts: ResolvedFacts): string {
  const { name, image, port, path, graceMs, replicas, storeDirectory, auth } = facts;
  const open = auth === "none" ? '            - { name: MCP_ALLOW_UNAUTHENTICATED, value: "true" }\n' : "";
  const store =
    storeDirectory === undefined ? "" : `            - { name: MCP_STORE, value: "lmdb:${STORE_IN_POD}" }\n`;
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: { app.kubernetes.io/name: ${name} }
spec:
  replicas: ${replicas}
  strategy:
${strategyOf(facts)}  selector:
    matchLabels: { app.kubernetes.io/name: ${name} }
  template:
    metadata:
      labels: { app.kubernetes.io/name: ${name} }
    spec:
      # preStop (${PRE_STOP_S} s), calls in flight (MCP_GRACE_MS, ${seconds(graceMs)} s) and what remains to be closed (${STOP_MARGIN_S} s).
      terminationGracePeriodSeconds: ${PRE_STOP_S + seconds(graceMs) + STOP_MARGIN_S}
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: ${NODE_UID}
        fsGroup: ${NODE_UID}
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: ${name}
          image: ${image}
          command: ${JSON.stringify(commandInImage(facts))}
          env:
            - { name: MCP_TRANSPORT, value: http }
            - { name: MCP_HOST, value: "0.0.0.0" }
            - { name: MCP_PORT, value: "${port}" }
            - { name: MCP_PATH, value: ${path} }
            - { name: MCP_GRACE_MS, value: "${graceMs}" }
${store}${open}            - name: MCP_SECRET
              valueFrom: { secretKeyRef: { name: ${name}, key: MCP_SECRET } }
          ports:
            - { name: http, containerPort: ${port} }
          # Probes are sent to the pod's own address, which the Host check allows; neither needs credentials.
          startupProbe:
            httpGet: { path: /health, port: http }
            periodSeconds: 1
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /health, port: http }
            periodSeconds: 10
            failureThreshold: 3
          # 503 once the server is stopping. It says nothing about load: a busy server keeps its clients.
          readinessProbe:
            httpGet: { path: /ready, port: http }
            periodSeconds: 2
            failureThreshold: 1
          lifecycle:
            # Traffic goes on for a moment after a pod is told to stop; a server that refused it at once would lose calls.
            preStop:
              exec: { command: ["sleep", "${PRE_STOP_S}"] }
          resources:
            requests: { cpu: 100m, memory: 128Mi }
            # No CPU limit: throttled in bursts, streams stutter.
            limits: { memory: 512Mi }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
${storeDirectory === undefined ? "" : `            - { name: store, mountPath: ${STORE_IN_POD} }\n`}      volumes:
        - { name: tmp, emptyDir: {} }
${storeDirectory === undefined ? "" : `        - { name: store, persistentVolumeClaim: { claimName: ${name} } }\n`}`;
}

function strategyOf({ storeDirectory }: ResolvedFacts): string {
  if (storeDirectory !== undefined) {
    return "    # The store is of one pod: the old one lets go of it before the new one opens it.\n    type: Recreate\n";
  }
  return "    type: RollingUpdate\n    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }\n";
}

function serviceOf({ name, port }: ResolvedFacts): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  selector: { app.kubernetes.io/name: ${name} }
  # HTTP+SSE and resumed streams need the pod that holds them; for everything else MCP_SECRET makes every pod know a
  # session. This is for callers inside the cluster; the Ingress has a line of its own.
  sessionAffinity: ClientIP
  ports:
    - { name: http, port: ${port}, targetPort: http }
`;
}

function ingressOf(facts: ResolvedFacts): string {
  const { name, prefix, publicUrl, secure, idleTimeoutMs } = facts;
  const tls = secure ? `  tls:\n    - { hosts: [${publicUrl.hostname}], secretName: ${name}-tls }\n` : "";
  const rewrite = prefix === "" ? "" : "    nginx.ingress.kubernetes.io/rewrite-target: /$1\n";
  const path =
    prefix === ""
      ? "- path: /\n            pathType: Prefix"
      : `- path: ${prefix}/(.*)\n            pathType: ImplementationSpecific`;
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  annotations:
    # Of ingress-nginx. Events leave when they are made; silence longer than keep-alive is no reason to hang up.
    nginx.ingress.kubernetes.io/proxy-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-request-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-http-version: "1.1"
    nginx.ingress.kubernetes.io/proxy-read-timeout: "${seconds(idleTimeoutMs)}"
    nginx.ingress.kubernetes.io/proxy-send-timeout: "${seconds(idleTimeoutMs)}"
    nginx.ingress.kubernetes.io/proxy-body-size: ${bodyMebibytes(facts)}m
    # A call that was sent is never sent again by the proxy: it may have been carried out.
    nginx.ingress.kubernetes.io/proxy-next-upstream: "off"
    # A client stays on its pod. Needs the clients' own addresses (externalTrafficPolicy: Local, or the PROXY protocol).
    nginx.ingress.kubernetes.io/upstream-hash-by: $remote_addr
${rewrite}spec:
  ingressClassName: nginx
${tls}  rules:
    - host: ${publicUrl.hostname}
      http:
        paths:
          ${path}
            backend: { service: { name: ${name}, port: { name: http } } }
`;
}

function claimOf({ name }: ResolvedFacts): string {
  return `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: ${name}
spec:
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: 1Gi } }
`;
}

/** Commented out: whether and on what to scale is the operator's to say. */
function autoscalerOf({ name, storeDirectory }: ResolvedFacts): string {
  if (storeDirectory !== undefined) return "# No HorizontalPodAutoscaler: the store is of one pod.\n";
  return `# Scaling. Open streams cost memory and no CPU, so scale on CPU and give memory room. Scaling down ends streams (clients
# resume them, sessions survive by MCP_SECRET), so it is slow: one pod in ten minutes.
#---
#apiVersion: autoscaling/v2
#kind: HorizontalPodAutoscaler
#metadata:
#  name: ${name}
#spec:
#  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${name} }
#  minReplicas: 2
#  maxReplicas: 10
#  metrics:
#    - type: Resource
#      resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
#  behavior:
#    scaleDown:
#      stabilizationWindowSeconds: 600
#      policies: [{ type: Pods, value: 1, periodSeconds: 600 }]
`;
}
