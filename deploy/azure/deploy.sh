#!/usr/bin/env bash
# Deploys Partner Center Connector to Azure Container Apps, from Azure Cloud Shell or any machine with az, curl and tar.
# It can run again at any time: it keeps what is there and changes what differs. docs/deploy/azure.md explains it.
set -euo pipefail

version=0.2.0
releases=https://github.com/partner-center/connector/releases/download

usage() {
  cat <<'EOF'
usage: deploy.sh --group GROUP [--location REGION] [options]
       deploy.sh --group GROUP --delete

Deploys Partner Center Connector into a resource group of its own, which --delete removes again.

  --group GROUP        resource group; it is made if it does not exist
  --location REGION    region, such as westeurope; needed the first time
  --name NAME          name of the container app and beginning of its URL (default: connector)
  --sandbox            serve made-up data, without Partner Center; run again without it to go on
  --client-id GUID     use this app registration instead of making one
  --key NAME           make another API key with this name (the first one is called flows)
  --replicas N         number of instances; from 2 on they share one limit in a Valkey (default: 1)
  --app-user           prepare calls that need a signed-in user (single invoices and their PDF)
  --public-host HOST   your own host name, once it is bound to the app
  --version VERSION    version to deploy
  --out FOLDER         where to write my-connector.json (default: here)
  --connector FILE     use this connector instead of downloading one
  --template FILE      use this template instead of downloading one
  --yes                do not ask
  --delete             remove everything that this script made
EOF
}

say() { printf '%s\n' "$@"; }
step() { printf '\n==> %s\n' "$@"; }

# die prints what went wrong and what to do, and ends with the given status.
die() {
  local status=$1
  shift
  printf 'deploy.sh: %s\n' "$@" >&2
  exit "$status"
}
mistake() { die 2 "$@" "Run deploy.sh --help for the options."; }

group='' location='' name=connector client_id='' new_key='' public_host='' replicas=''
connector='' template='' out=.
sandbox=false app_user=false yes=false delete=false

while [ $# -gt 0 ]; do
  case $1 in
    --sandbox) sandbox=true ;;
    --app-user) app_user=true ;;
    --yes) yes=true ;;
    --delete) delete=true ;;
    --help | -h) usage && exit 0 ;;
    --group | --location | --name | --client-id | --key | --replicas | --public-host | --version | --out | --connector | --template)
      [ -n "${2:-}" ] || mistake "$1 needs a value."
      option=${1#--}
      [ "$option" = key ] && option=new_key
      printf -v "${option//-/_}" %s "$2"
      shift
      ;;
    *) mistake "$1 is not an option." ;;
  esac
  shift
done

guid='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
[ -n "$group" ] || mistake "--group is needed: a name for a new resource group, such as connector."
[[ $name =~ ^[a-z][a-z0-9-]{0,22}[a-z0-9]$ ]] || mistake "--name takes 2 to 24 lower-case letters, digits and hyphens."
[[ $location =~ ^[A-Za-z0-9\ ]*$ ]] || mistake "--location takes a region, such as westeurope."
[[ $public_host =~ ^[A-Za-z0-9.-]*$ ]] || mistake "--public-host takes a host name, such as connector.contoso.com."
[[ $version =~ ^[0-9A-Za-z.-]+$ ]] || mistake "--version takes a version, such as $version."
[[ $replicas =~ ^([1-9]|10)?$ ]] || mistake "--replicas takes a number from 1 to 10."
[ -z "$client_id" ] || [[ $client_id =~ $guid ]] || mistake "--client-id takes a GUID."
[ -z "$new_key" ] || [[ $new_key =~ ^[A-Za-z0-9._-]{1,64}$ ]] || mistake "--key takes up to 64 letters, digits, dots, underscores and hyphens."
if $sandbox; then
  if $app_user || [ -n "$client_id$new_key" ]; then
    mistake "--sandbox has an app, a user and an API key of its own: leave out --app-user, --client-id and --key."
  fi
fi
for tool in az curl; do
  command -v "$tool" >/dev/null || die 1 "$tool is not on this machine. Azure Cloud Shell (https://shell.azure.com) has it."
done

# The folder has API key digests and secrets on their way to Azure.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run_az runs az. If it fails, run_az explains what Azure said and ends the script.
run_az() {
  if az "$@" --only-show-errors 2>"$work/error"; then
    return
  fi
  cat "$work/error" >&2
  explain "$work/error"
}

# explain turns an error of Azure into what to do about it.
explain() {
  local text
  text=$(cat "$1")
  case $text in
    *MaxNumberOf*Environments* | *QuotaExceeded* | *quota*)
      die 1 "The subscription has no room for another Container Apps environment in this region." \
        "Choose another --location, delete an environment, or ask for more in the portal under Quotas." ;;
    *"Insufficient privileges"* | *Authorization_RequestDenied*)
      die 1 "Your account may not register apps in Microsoft Entra ID." \
        "Ask an administrator to register one, as in docs/setup.md, step 1, and to give it the federated credential of" \
        "docs/deploy/azure.md. Then run this again with --client-id." ;;
    *AuthorizationFailed* | *"does not have authorization"*)
      die 1 "Your account may not do this in the subscription. You need the role Contributor on the subscription, or" \
        "on the resource group, in which an owner has then registered the resource providers." ;;
    *RequestDisallowedByPolicy*)
      die 1 "A policy of your organization does not allow this. Show the message above to whoever keeps it." ;;
    *LocationNotAvailableForResourceType* | *LocationNotAvailable*)
      die 1 "Container Apps is not offered in this region. Choose another --location." ;;
    *"az login"*)
      die 1 "Nobody is signed in. Run az login, or use Azure Cloud Shell." ;;
  esac
  die 1 "Azure did not accept a command; its message is above." "What has been made so far stays: run this again when the cause is gone."
}

# quietly runs az and prints nothing if it fails, as for something that does not exist.
quietly() { az "$@" --only-show-errors 2>/dev/null || true; }

# previous prints a parameter of the last deployment, or nothing.
previous() {
  quietly deployment group show --resource-group "$group" --name connector \
    --query "properties.parameters.$1.value" --output tsv
}

ask() {
  $yes && return
  local answer
  read -rp "$1 [y/N] " answer || answer=''
  [[ $answer =~ ^[yY]([eE][sS])?$ ]] || die 1 "Nothing was changed."
}

# The tag marks a resource group as this script's. It has the client ID of the app that the script registered, if any.
tag=partner-center-connector
subscription=$(run_az account show --query name --output tsv)
subscription_id=$(run_az account show --query id --output tsv)
tenant=$(run_az account show --query tenantId --output tsv)
exists=$(run_az group exists --name "$group")
registered=''
if [ "$exists" = true ]; then
  registered=$(quietly group show --name "$group" --query "tags.\"$tag\"" --output tsv)
  [ -n "$registered" ] || die 1 "The resource group $group exists, and this script did not make it. Choose another --group."
  [[ $registered =~ $guid ]] || registered=''
fi

if $delete; then
  [ "$exists" = true ] || die 1 "There is no resource group $group in the subscription $subscription."
  say "This deletes the resource group $group in $subscription with everything in it."
  if [ -n "$registered" ]; then
    say "It deletes the app registration $registered too. Remove the app in Partner Center yourself:" \
      "gear, Account settings, App management."
  fi
  ask "Delete?"
  if [ -n "$registered" ] && [ -n "$(quietly ad app show --id "$registered" --query appId --output tsv)" ]; then
    run_az ad app delete --id "$registered"
  fi
  run_az group delete --name "$group" --yes
  say "Deleted."
  exit
fi

# What the options do not say stays as it was deployed before.
if [ "$exists" = true ]; then
  location=${location:-$(run_az group show --name "$group" --query location --output tsv)}
  replicas=${replicas:-$(previous replicas)}
  public_host=${public_host:-$(previous publicHost)}
  [ -n "$client_id" ] || $sandbox || client_id=$(previous clientId)
  case $(previous appUser) in prepare | on) app_user=true ;; esac
fi
replicas=${replicas:-1}
client_id=${client_id:-$registered}
[ -n "$location" ] || mistake "--location is needed the first time: a region, such as westeurope."
if $app_user && [ "$replicas" != 1 ]; then
  mistake "--app-user works with one replica: several have not been tried with the file share."
fi
if $sandbox && [ -n "$registered$(previous clientId)" ]; then
  die 1 "The resource group $group serves your own data. Choose another --group for a sandbox."
fi

cat <<EOF
This deploys Partner Center Connector $version
  to the subscription  $subscription
  in the tenant        $tenant$($sandbox || echo " (it must be your partner tenant)")
  as                   the container app $name in the resource group $group ($location)

It makes a Container Apps environment, a container app and a managed identity$($sandbox || echo ", and registers
an app in Microsoft Entra ID that trusts this identity: there is no secret")$([ "$replicas" = 1 ] || echo ". $replicas
instances share one limit in a Valkey, a second container app").$($app_user && echo "
A storage account with a file share keeps the refresh token of a signed-in user.")

Price: $(if [ "$replicas" = 1 ]; then echo "about 4 to 6 USD a month for one instance that is idle most of the time, up to 20 if it never is."; else
  echo "about $((replicas * 18 + 19)) USD a month: an instance that talks to a Valkey is never billed as idle."; fi)
Undo:  bash deploy.sh --group $group --delete
EOF
ask "Go on?"

step "Resource providers"
providers=(Microsoft.App Microsoft.ManagedIdentity)
$app_user && providers+=(Microsoft.Storage)
for provider in "${providers[@]}"; do
  state=$(run_az provider show --namespace "$provider" --query registrationState --output tsv)
  if [ "$state" != Registered ]; then
    say "Registering $provider, which can take minutes"
    run_az provider register --namespace "$provider" --wait
  fi
done

step "Resource group"
if [ "$exists" != true ]; then
  run_az group create --name "$group" --location "$location" --tags "$tag=made" --output none
fi

# fetch downloads a file of the release and compares it with the release's checksums.
fetch() {
  curl -fsSL "$releases/v$version/$1" -o "$work/$1" || die 1 "$releases/v$version/$1 cannot be downloaded."
  if [ ! -f "$work/checksums.txt" ]; then
    curl -fsSL "$releases/v$version/checksums.txt" -o "$work/checksums.txt" || die 1 "The release has no checksums."
  fi
  local want got
  want=$(awk -v file="$1" '$2 == file { print $1 }' "$work/checksums.txt")
  got=$(sha256sum "$work/$1" 2>/dev/null || shasum -a 256 "$work/$1")
  [ "$want" = "${got%% *}" ] || die 1 "$1 is not what the release says it is: its SHA-256 differs."
}

if [ -z "$connector" ]; then
  step "Connector $version for this machine"
  system=$(uname -s | tr '[:upper:]' '[:lower:]')
  case $(uname -m) in
    x86_64 | amd64) processor=amd64 ;;
    aarch64 | arm64) processor=arm64 ;;
    *) die 1 "There is no connector for this machine's processor. Use Azure Cloud Shell." ;;
  esac
  archive=connector_${version}_${system}_${processor}.tar.gz
  fetch "$archive"
  tar -xzf "$work/$archive" -C "$work" connector
  connector=$work/connector
fi
if [ -z "$template" ]; then
  fetch template.json
  template=$work/template.json
fi

group_path=/subscriptions/$subscription_id/resourceGroups/$group
management=$(run_az cloud show --query endpoints.resourceManager --output tsv)
apps=$(run_az resource list --resource-group "$group" --resource-type Microsoft.App/containerApps --query '[].name' --output tsv)

# deployed prints a secret of the app that is deployed, or nothing if there is no app yet.
deployed() {
  grep -qxF "$name" <<<"$apps" || return 0
  run_az rest --method post --query "value[?name=='$1'].value | [0]" --output tsv \
    --url "${management%/}$group_path/providers/Microsoft.App/containerApps/$name/listSecrets?api-version=2026-01-01"
}

keys=$work/keys
key=''
if ! $sandbox; then
  step "Managed identity and app registration"
  run_az identity create --resource-group "$group" --name "$name" --location "$location" --output none
  subject=$(run_az identity show --resource-group "$group" --name "$name" --query principalId --output tsv)

  if [ -n "$registered" ] && [ "$client_id" = "$registered" ]; then # it may have been deleted since
    client_id=$(quietly ad app show --id "$registered" --query appId --output tsv)
  fi
  if [ -z "$client_id" ]; then
    client_id=$(run_az ad app create --display-name "Partner Center Connector ($group)" --sign-in-audience AzureADMyOrg \
      --query appId --output tsv)
    run_az tag update --resource-id "$group_path" --operation merge --tags "$tag=$client_id" --output none
    say "Registered the app $client_id"
  fi
  if [ -z "$(quietly ad sp show --id "$client_id" --query id --output tsv)" ]; then
    run_az ad sp create --id "$client_id" --output none
  fi

  cloud=$(run_az cloud show --query name --output tsv)
  case $cloud in
    AzureUSGovernment) audience=api://AzureADTokenExchangeUSGov ;;
    AzureChinaCloud) audience=api://AzureADTokenExchangeChina ;;
    *) audience=api://AzureADTokenExchange ;;
  esac
  authority=$(run_az cloud show --query endpoints.activeDirectory --output tsv)
  cat >"$work/credential.json" <<EOF
{
  "name": "$name",
  "issuer": "${authority%/}/$tenant/v2.0",
  "subject": "$subject",
  "audiences": ["$audience"]
}
EOF
  trusted=$(run_az ad app federated-credential list --id "$client_id" --query "[?name=='$name'].subject | [0]" --output tsv)
  if [ -z "$trusted" ]; then
    run_az ad app federated-credential create --id "$client_id" --parameters "@$work/credential.json" --output none
  elif [ "$trusted" != "$subject" ]; then
    run_az ad app federated-credential update --id "$client_id" --federated-credential-id "$name" \
      --parameters "@$work/credential.json" --output none
  fi

  step "API key"
  deployed_keys=$(deployed api-keys)
  case $deployed_keys in
    '' | '# none') new_key=${new_key:-flows} ;;
    *) printf '%s\n' "$deployed_keys" >"$keys" ;;
  esac
  if [ -n "$new_key" ]; then
    key=$("$connector" keys add "$new_key" --api-keys-file "$keys" 2>/dev/null) || die 1 "The API key cannot be made: $connector does not run."
    say "Made a key with the name $new_key: $key" "Keep it: only its SHA-256 digest goes to Azure."
  else
    say "Kept the keys that are there. --key NAME makes another."
  fi
fi

user=off
if $app_user; then
  user=prepare
  account=$(quietly storage account list --resource-group "$group" --query "[0].name" --output tsv)
  if [ -n "$account" ]; then
    stored=$(quietly storage file exists --account-name "$account" --share-name state --path refresh-token \
      --query exists --output tsv)
    [ "$stored" != true ] || user=on
  fi
fi

step "Container app (this takes 2 to 5 minutes the first time)"
# json prints a text as a JSON string.
json() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//$'\n'/\\n}"
}

# A secret that is not passed on would get a new value.
kept=''
link_secret=$(deployed link-secret)
[ -z "$link_secret" ] || kept+="\"linkSecret\": {\"value\": $(json "$link_secret")},"
store_url=$(deployed redis-url)
if [[ $store_url =~ ^redis://:(.+)@ ]]; then
  kept+="\"storePassword\": {\"value\": $(json "${BASH_REMATCH[1]}")},"
fi
[ ! -s "$keys" ] || kept+="\"apiKeys\": {\"value\": $(json "$(cat "$keys")")},"
cat >"$work/parameters.json" <<EOF
{
  "\$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    $kept
    "name": {"value": "$name"},
    "location": {"value": "$location"},
    "version": {"value": "$version"},
    "sandbox": {"value": $sandbox},
    "tenantId": {"value": "$tenant"},
    "clientId": {"value": "$client_id"},
    "publicHost": {"value": "$public_host"},
    "replicas": {"value": $replicas},
    "appUser": {"value": "$user"}
  }
}
EOF
run_az deployment group create --resource-group "$group" --name connector --template-file "$template" \
  --parameters "@$work/parameters.json" --output none
url=$(run_az deployment group show --resource-group "$group" --name connector --query properties.outputs.url.value --output tsv)
[ -z "$public_host" ] || url=https://$public_host

step "Waiting for $url/readyz"
for ((i = 0; ; i++)); do
  curl -fsS --max-time 10 "$url/readyz" >/dev/null 2>&1 && break
  [ "$i" -lt 60 ] || die 1 "The service does not answer after 5 minutes. Its log:" \
    "  az containerapp logs show --resource-group $group --name $name --tail 50"
  sleep 5
done
say "It is ready."

mkdir -p "$out"
texts=()
if $sandbox; then
  texts=(--title "Partner Center CSP sandbox")
fi
"$connector" definition --host "${url#https://}" --sign-in api-key ${texts[@]+"${texts[@]}"} --out "$out/my-connector.json"

cat <<EOF

Done.

  URL         $url
  API key     $(if $sandbox; then echo "sandbox (public: anyone may use it, and it opens made-up data only)"; elif [ -n "$key" ]; then
  echo "$key  (keep it: it is not stored anywhere)"; else echo "unchanged"; fi)
  definition  $out/my-connector.json

EOF
if $sandbox; then
  cat <<EOF
Import the definition in Power Automate: Custom connectors, New custom connector, Import an OpenAPI file.
To go on with your own data, run the same command without --sandbox. The URL stays.
EOF
  exit
fi
cat <<EOF
One step is left in Partner Center, which has no command for it. As a global administrator:
  1. Open https://partner.microsoft.com, the gear, Account settings, App management.
  2. Select Add existing app, and choose Partner Center Connector ($group), $client_id.

Then let the service try everything that a call needs:
  az containerapp exec --resource-group $group --name $name --command "/connector check"

And import the definition in Power Automate: Custom connectors, New custom connector, Import an OpenAPI file.
EOF
if [ "$user" = prepare ]; then
  account=$(run_az deployment group show --resource-group "$group" --name connector \
    --query properties.outputs.storageAccount.value --output tsv)
  cat <<EOF

For calls with a signed-in user, get a refresh token on a machine with a browser (docs/sign-in.md, App+User), then
store it and run the same command again:
  az storage file upload --account-name $account --share-name state --source refresh-token --path refresh-token
EOF
fi
