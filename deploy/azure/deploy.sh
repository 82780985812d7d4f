#!/usr/bin/env bash
# Deploys Partner Center Connector to Azure Container Apps, from Azure Cloud Shell or any machine with az, curl and tar.
# It can run again at any time: it keeps what is there and changes what differs.
# https://github.com/partner-center/connector/blob/main/docs/deploy/azure.md explains it.
set -euo pipefail
unset CDPATH # else cd may go elsewhere

version=0.2.0
releases=https://github.com/partner-center/connector/releases/download
docs=https://github.com/partner-center/connector/blob/main/docs

usage() {
  cat <<'EOF'
usage: deploy.sh --group GROUP [--location REGION] [options]
       deploy.sh --group GROUP --delete

Deploys Partner Center Connector into a resource group of its own, which --delete removes again. What an option does not
say stays as it was at the last run, except --sandbox and --version.

  --group GROUP           resource group; it is made if it does not exist
  --location REGION       region, such as westeurope; needed the first time
  --name NAME             name of the container app and beginning of its URL (default: connector)
  --sandbox               serve made-up data, without Partner Center; run again without it to go on
  --client-id GUID        use this app registration instead of making one
  --key NAME              make another API key with this name (the first one is called flows)
  --sign-in WAYS          how makers sign in: api-key (default), entra, "api-key,entra", caller or "api-key,caller"
  --audience LIST         for entra: accepted audiences, separated by commas
  --allowed-clients LIST  for entra and caller: client IDs of the apps that may call, separated by commas
  --replicas N            number of instances; from 2 on they share one limit in a Valkey (default: 1)
  --app-user              prepare calls that need a signed-in user (single invoices and their PDF)
  --no-app-user           no longer make calls as a signed-in user
  --public-host HOST      your own host name, once it is bound to the app, or none
  --version VERSION       version to deploy (default: that of this script)
  --out FOLDER            where to write my-connector.json and packages (default: here)
  --connector FILE        use this connector instead of downloading one
  --template FILE         use this template instead of downloading one
  --yes                   do not ask
  --delete                remove everything that this script made
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

group='' location='' name='' client_id='' key='' sign_in='' audience='' allowed_clients='' public_host='' replicas=''
connector='' template='' out=.
sandbox=false app_user=false no_app_user=false yes=false delete=false

while [ $# -gt 0 ]; do
  case $1 in
    --sandbox) sandbox=true ;;
    --app-user) app_user=true ;;
    --no-app-user) no_app_user=true ;;
    --yes) yes=true ;;
    --delete) delete=true ;;
    --help | -h) usage && exit 0 ;;
    --group | --location | --name | --client-id | --key | --sign-in | --audience | --allowed-clients | --replicas | \
      --public-host | --version | --out | --connector | --template)
      [ -n "${2:-}" ] || mistake "$1 needs a value."
      option=${1#--}
      printf -v "${option//-/_}" %s "$2"
      shift
      ;;
    *) mistake "$1 is not an option." ;;
  esac
  shift
done

guid='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
# expect ends the script if an option has a value that does not match.
expect() {
  if [ -n "$2" ] && ! [[ $2 =~ $3 ]]; then
    mistake "--$1 takes $4."
  fi
}
[ -n "$group" ] || mistake "--group is needed: a name for a new resource group, such as connector."
expect group "$group" '^[A-Za-z0-9._-]{1,90}$' "letters, digits, dots, underscores and hyphens"
expect name "${name//--/=}" '^[a-z][a-z0-9-]{1,22}[a-z0-9]$' "3 to 24 lower-case letters, digits and single hyphens"
expect location "$location" '^[A-Za-z0-9 ]+$' "a region, such as westeurope"
expect client-id "$client_id" "$guid" "a GUID"
expect key "$key" '^[A-Za-z0-9._-]{1,64}$' "up to 64 letters, digits, dots, underscores and hyphens"
expect sign-in "$sign_in" '^(api-key|entra|api-key,entra|caller|api-key,caller)$' "api-key, entra, caller, or api-key and another"
expect audience "$audience" '^[A-Za-z0-9:/.,_-]+$' "audiences, separated by commas"
expect allowed-clients "$allowed_clients" '^[0-9a-fA-F,-]+$' "client IDs, separated by commas"
expect public-host "$public_host" '^[A-Za-z0-9.-]+$' "a host name, such as connector.contoso.com"
expect replicas "$replicas" '^([1-9]|10)$' "a number from 1 to 10"
expect version "$version" '^[0-9A-Za-z.-]+$' "a version, such as 0.2.0"
if $sandbox && { $app_user || [ -n "$client_id$key$sign_in$audience$allowed_clients" ]; }; then
  mistake "--sandbox has an app, a user and an API key of its own: leave out options about sign-in."
fi
for tool in az curl tar; do
  command -v "$tool" >/dev/null || die 1 "$tool is not on this machine. Azure Cloud Shell (https://shell.azure.com) has it."
done

if [ -n "$connector" ]; then
  [ ! -f "$connector" ] || [[ $connector == */* ]] || connector=./$connector
  command -v "$connector" >/dev/null || mistake "--connector takes a program that can be run."
fi
[ -z "$template" ] || [ -f "$template" ] || mistake "--template takes a file that exists."

# The folder has API key digests and secrets on their way to Azure.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT # az turns an interrupt into a failure

# run_az runs az. If it fails, run_az explains what Azure said and ends the script.
run_az() {
  if az "$@" --only-show-errors 2>"$work/error"; then
    return
  fi
  cat "$work/error" >&2
  explain
}

# find_az is run_az for something that may not exist. It then prints nothing.
find_az() {
  if az "$@" --only-show-errors 2>"$work/error"; then
    return
  fi
  case $(<"$work/error") in
    *NotFound* | *"not found"* | *"could not be found"* | *"does not exist"*) return ;;
  esac
  cat "$work/error" >&2
  explain
}

# eventually is run_az for an app that is new: it takes a moment until all of Entra ID knows it.
eventually() {
  local i
  for ((i = 0; i < 24; i++)); do
    if az "$@" --only-show-errors >/dev/null 2>"$work/error"; then
      return
    fi
    case $(<"$work/error") in
      *"does not exist"* | *"not found"* | *NotFound* | *"does not reference a valid"*) sleep 5 ;;
      *) break ;;
    esac
  done
  cat "$work/error" >&2
  explain
}

# explain turns an error of Azure into what to do about it.
explain() {
  case $(<"$work/error") in
    *MaxNumberOf*Environments* | *QuotaExceeded* | *quota*)
      die 1 "The subscription has no room for another Container Apps environment in this region." \
        "Choose another --location, delete an environment, or ask for more in the portal under Quotas." ;;
    *"Insufficient privileges"* | *Authorization_RequestDenied*) ask_an_administrator ;;
    *AuthorizationFailed* | *"does not have authorization"*)
      die 1 "Your account may not do this. It needs the role Contributor on the subscription." ;;
    *RequestDisallowedByPolicy*)
      die 1 "A policy of your organization does not allow this. Show the message above to an administrator." ;;
    *LocationNotAvailableForResourceType* | *LocationNotAvailable*)
      die 1 "Container Apps is not offered in this region. Choose another --location." ;;
    *"az login"*) die 1 "Nobody is signed in. Run az login, or use Azure Cloud Shell." ;;
  esac
  die 1 "Azure did not accept a command; its message is above." \
    "What has been made so far stays: run this again when the cause is gone."
}

# ask_an_administrator ends the script with what somebody else has to run, because this account may not.
ask_an_administrator() {
  [ -f "$work/app.json" ] || die 1 "Your account may not read the directory. Ask an administrator."
  say "" "Your account may not register apps, or not change this one. Ask somebody with the role Application" \
    "Administrator to run this, in the same tenant:" "" >&2
  if [ -z "$client_id" ]; then
    say "  az rest --method post --url ${graph%/}/v1.0/applications --body '$(<"$work/app.json")' --query appId --output tsv" >&2
  fi
  say "  az ad sp create --id ${client_id:-THE-ID-THAT-IS-PRINTED}" \
    "  az ad app federated-credential create --id ${client_id:-THE-ID-THAT-IS-PRINTED} --parameters '$(tr -d '\n' <"$work/credential.json")'" \
    "" "Then run this again, with the same options and --client-id ${client_id:-THE-ID-THAT-IS-PRINTED}." "" >&2
  die 1 "The app registration is missing."
}

ask() {
  $yes && return
  local answer
  read -rp "$1 [y/N] " answer || answer=''
  [[ $answer =~ ^[yY]([eE][sS])?$ ]] || die 1 "Nothing was changed."
}

# The tag marks a resource group as this script's. It has the client ID of the app that the script registered, if any.
tag=partner-center-connector
app_name="Partner Center Connector ($group)"
subscription=$(run_az account show --query name --output tsv)
subscription_id=$(run_az account show --query id --output tsv)
tenant=$(run_az account show --query tenantId --output tsv)
domain=$(run_az account show --query "tenantDefaultDomain || ''" --output tsv)
exists=$(run_az group exists --name "$group" --output json)
registered=''
if [ "$exists" = true ]; then
  registered=$(find_az group show --name "$group" --query "tags.\"$tag\"" --output tsv)
  [ -n "$registered" ] || die 1 "The resource group $group exists, and this script did not make it. Choose another --group."
  [[ $registered =~ $guid ]] || registered=''
fi

if $delete; then
  [ "$exists" = true ] || die 1 "There is no resource group $group in the subscription $subscription."
  say "This deletes the resource group $group in $subscription with everything in it. Flows that use it fail from then on."
  if [ -n "$registered" ]; then
    say "It deletes the app registration $registered too. Remove the app in Partner Center yourself:" \
      "gear, Account settings, App management."
  fi
  ask "Delete?"
  left=''
  if [ -n "$registered" ] && ! az ad app delete --id "$registered" --only-show-errors 2>"$work/error"; then
    case $(<"$work/error") in
      *"does not exist"* | *NotFound*) ;;
      *) left="The app registration could not be deleted: $(<"$work/error")" ;;
    esac
  fi
  run_az group delete --name "$group" --yes
  say "Deleted."
  [ -z "$left" ] || die 1 "$left" "Let somebody who may run: az ad app delete --id $registered"
  exit
fi

# The parameters of the last deployment, as was_PARAMETER. They are empty if there was none.
was_name='' was_version='' was_sandbox='' was_clientId='' was_signIn='' was_audience='' was_allowedClients=''
was_publicHost='' was_replicas='' was_appUser='' was_image='' was_storeImage='' was_logs='' was_location=''
parameters=(name version sandbox clientId signIn audience allowedClients publicHost replicas appUser image storeImage logs location)
query=$(printf ', %s.value' "${parameters[@]}")
values='' apps=''
if [ "$exists" = true ]; then
  values=$(find_az deployment group show --resource-group "$group" --name connector \
    --query "properties.parameters.[${query#, }]" --output tsv)
  apps=$(run_az resource list --resource-group "$group" --resource-type Microsoft.App/containerApps --query '[].name' --output tsv)
  if [ -z "$values" ] && [ -n "$apps" ] && [ -z "$name" ]; then
    die 1 "The deployment connector is gone from the history of $group, and with it what was chosen before." \
      "Say it again: --name, which is one of these, and every other option that you have used." "$apps"
  fi
fi
for parameter in "${parameters[@]}"; do
  IFS= read -r value || value=''
  [ "$value" != None ] || value=''
  printf -v "was_$parameter" %s "$value"
done <<<"$values"

if [ -n "$was_name" ] && [ "${name:-$was_name}" != "$was_name" ]; then
  die 1 "The resource group $group has the app $was_name. Choose another --group for $name."
fi
name=${name:-${was_name:-connector}}
replicas=${replicas:-${was_replicas:-1}}
public_host=${public_host:-$was_publicHost}
[ "$public_host" != none ] || public_host=''
sign_in=${sign_in:-${was_signIn:-api-key}}
audience=${audience:-$was_audience}
allowed_clients=${allowed_clients:-$was_allowedClients}
image=${was_image:-ghcr.io/partner-center/connector}
logs=${was_logs:-none}
case $was_appUser in prepare | on) app_user=true ;; esac
! $no_app_user || app_user=false
real=$registered$was_clientId
[[ -z $was_version || $was_sandbox == [tT]rue ]] || real=true
if $sandbox && [ -n "$real" ]; then
  die 1 "The resource group $group serves your own data. Choose another --group for a sandbox."
fi
$sandbox || client_id=${client_id:-${was_clientId:-$registered}}
location=${location:-$was_location}
if [ -z "$location" ]; then
  [ "$exists" = true ] || mistake "--location is needed the first time: a region, such as westeurope."
  location=$(run_az group show --name "$group" --query location --output tsv)
fi
if [[ $sign_in == *entra* && -z $audience ]]; then
  mistake "--sign-in $sign_in needs --audience: the client ID of the app that makers sign in to, and its api:// URI."
fi
if $app_user && [ "$replicas" != 1 ]; then
  mistake "--app-user works with one replica: several have not been tried with the file share."
fi
keys_accepted=true own_credential=true
[[ $sign_in == *api-key* ]] || keys_accepted=false
[ "$sign_in" != caller ] || own_credential=false
if $sandbox; then
  keys_accepted=false own_credential=false sign_in=api-key
fi

# plan prints what this run will do, what it costs, and how to undo it.
plan() {
  say "This deploys Partner Center Connector $version${was_version:+ in place of $was_version}" \
    "  to the subscription  $subscription" \
    "  in the tenant        ${domain:-$tenant}${domain:+, $tenant}" \
    "  as                   the container app $name in the resource group $group ($location)" ""
  if [ -n "$was_version" ]; then
    say "It keeps what is there, and makes what is missing."
    [[ $was_sandbox != [tT]rue ]] || $sandbox || say "It turns the sandbox into a service for your own data."
  else
    say "It makes a Container Apps environment, a container app and a managed identity."
  fi
  if $own_credential; then
    [ -n "$client_id" ] || say "It registers an app in Microsoft Entra ID that trusts this identity: there is no secret."
    say "The tenant must be your partner tenant. If it is another one, stop, and run az login --tenant first."
  fi
  [ "$replicas" = 1 ] || say "$replicas instances share one limit in a Valkey, a small Redis, in a second container app."
  ! $app_user || say "A storage account with a file share keeps the refresh token of a signed-in user."
  say ""
  if [ "$replicas" = 1 ]; then
    say "Price: 4 to 6 USD a month for one instance that is idle most of the time, up to 20 if it never is."
  else
    say "Price: about $((replicas * 18 + 18)) USD a month: an instance that talks to a Valkey is never billed as idle."
  fi
  ! $app_user || say "       The storage account costs less than 1 USD."
  say "Undo:  bash deploy.sh --group $group --delete"
}
plan
ask "Go on?"

step "Resource providers"
providers=(Microsoft.App Microsoft.ManagedIdentity)
! $app_user || providers+=(Microsoft.Storage)
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

# sha256 prints the SHA-256 of a file and its path.
sha256() { sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; }

# fetch downloads a file of the release and compares it with the release's checksums.
fetch() {
  curl -fsSL "$releases/v$version/$1" -o "$work/$1" || die 1 "$releases/v$version/$1 cannot be downloaded."
  if [ ! -f "$work/checksums.txt" ]; then
    curl -fsSL "$releases/v$version/checksums.txt" -o "$work/checksums.txt" || die 1 "The release has no checksums."
  fi
  local want got
  want=$(awk -v file="$1" '$2 == file { print $1 }' "$work/checksums.txt")
  got=$(sha256 "$work/$1")
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
app_path=$group_path/providers/Microsoft.App/containerApps/$name
management=$(run_az cloud show --query endpoints.resourceManager --output tsv)
app_exists=false
! grep -qxF "$name" <<<"$apps" || app_exists=true

# deployed prints a secret of the app that is deployed, or nothing if there is no app yet.
deployed() {
  $app_exists || return 0
  run_az rest --method post --query "value[?name=='$1'].value | [0]" --output tsv \
    --url "${management%/}$app_path/listSecrets?api-version=2026-01-01"
}

# may_read reports whether this account may read an app registration.
may_read() {
  az ad app show --id "$1" --only-show-errors >/dev/null 2>"$work/error" && return
  case $(<"$work/error") in
    *"Insufficient privileges"* | *Authorization_RequestDenied*) return 1 ;;
  esac
}

if $own_credential; then
  step "Managed identity and app registration"
  home=$(run_az group show --name "$group" --query location --output tsv)
  run_az identity create --resource-group "$group" --name "$name" --location "$home" --output none
  subject=$(run_az identity show --resource-group "$group" --name "$name" --query principalId --output tsv)
  cloud=$(run_az cloud show --query name --output tsv)
  graph=$(run_az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
  case $cloud in
    AzureUSGovernment) authority=https://login.microsoftonline.us exchange=api://AzureADTokenExchangeUSGov ;;
    AzureChinaCloud) authority=https://login.partner.microsoftonline.cn exchange=api://AzureADTokenExchangeChina ;;
    *) authority=https://login.microsoftonline.com exchange=api://AzureADTokenExchange ;;
  esac
  printf '{"displayName": "%s", "signInAudience": "AzureADMyOrg"}' "$app_name" >"$work/app.json"
  cat >"$work/credential.json" <<EOF
{
  "name": "connector-$subject",
  "issuer": "$authority/$tenant/v2.0",
  "subject": "$subject",
  "audiences": ["$exchange"]
}
EOF

  if [ -n "$registered" ] && [ "$client_id" = "$registered" ]; then # it may have been deleted since
    client_id=$(find_az ad app show --id "$registered" --query appId --output tsv)
  fi
  if [ -z "$client_id" ]; then
    # Not az ad app create, which updates any app of this name.
    client_id=$(run_az rest --method post --url "${graph%/}/v1.0/applications" --body "@$work/app.json" --query appId --output tsv)
    say "Registered the app $client_id (if this stops now, go on with --client-id $client_id)"
    run_az tag update --resource-id "$group_path" --operation merge --tags "$tag=$client_id" --output none
    registered=$client_id
  fi
  if [ "$client_id" != "$registered" ] && ! may_read "$client_id"; then
    say "Your account may not read the app $client_id. It must have a service principal and this federated credential:"
    cat "$work/credential.json"
  else
    principal=$(find_az ad sp show --id "$client_id" --query id --output tsv)
    [ -n "$principal" ] || eventually ad sp create --id "$client_id"
    subjects=$(find_az ad app federated-credential list --id "$client_id" --query '[].subject' --output tsv)
    grep -qxF "$subject" <<<"$subjects" ||
      eventually ad app federated-credential create --id "$client_id" --parameters "@$work/credential.json"
  fi
fi

keys=$work/keys
made=''
if $keys_accepted; then
  step "API key"
  deployed_keys=$(deployed api-keys)
  case $deployed_keys in
    '' | '# none') key=${key:-flows} ;;
    *) printf '%s\n' "$deployed_keys" >"$keys" ;;
  esac
  if [ -n "$key" ]; then
    made=$("$connector" keys add "$key" --api-keys-file "$keys" 2>/dev/null) ||
      die 1 "The API key cannot be made: $connector does not run."
    say "Made a key with the name $key: $made" "It works once this script has ended well. Only its SHA-256 digest goes to Azure."
  else
    say "Kept the keys that are there. --key NAME makes another."
  fi
fi

user=off
if $app_user; then
  user=prepare
  [ "$was_appUser" != on ] || user=on
  account=$(run_az storage account list --resource-group "$group" --query "[0].name" --output tsv)
  if [ "$user" = prepare ] && [ -n "$account" ]; then
    stored=$(find_az storage file exists --account-name "$account" --share-name state --path refresh-token \
      --query exists --output tsv)
    [[ $stored != [tT]rue ]] || user=on
  fi
fi

step "Container app (this takes 2 to 5 minutes the first time)"
# json prints a text as a JSON string.
json() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\r'/}
  text=${text//$'\t'/ }
  printf '"%s"' "${text//$'\n'/\\n}"
}

# What is not passed on would get a new value, or be removed: secrets, bindings of host names, restrictions of addresses.
kept=''
link_secret=$(deployed link-secret)
[ -z "$link_secret" ] || kept+="\"linkSecret\": {\"value\": $(json "$link_secret")},"
store_url=$(deployed redis-url)
if [[ $store_url =~ ^redis://:(.+)@ ]]; then
  kept+="\"storePassword\": {\"value\": $(json "${BASH_REMATCH[1]}")},"
fi
[ ! -s "$keys" ] || kept+="\"apiKeys\": {\"value\": $(json "$(cat "$keys")")},"
if $app_exists; then
  for part in customDomains ipSecurityRestrictions; do
    list=$(run_az resource show --ids "$app_path" --api-version 2026-01-01 \
      --query "properties.configuration.ingress.$part" --output json)
    [ -z "$list" ] || [ "$list" = null ] || kept+="\"$part\": {\"value\": $list},"
  done
fi
case $was_storeImage in
  '' | docker.io/valkey/valkey:*) ;; # that of the template, which a new version may change
  *) kept+="\"storeImage\": {\"value\": $(json "$was_storeImage")}," ;;
esac
cat >"$work/parameters.json" <<EOF
{
  "\$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    $kept
    "name": {"value": "$name"},
    "location": {"value": "$location"},
    "image": {"value": "$image"},
    "version": {"value": "$version"},
    "sandbox": {"value": $sandbox},
    "tenantId": {"value": "$tenant"},
    "clientId": {"value": "$client_id"},
    "signIn": {"value": "$sign_in"},
    "audience": {"value": "$audience"},
    "allowedClients": {"value": "$allowed_clients"},
    "publicHost": {"value": "$public_host"},
    "replicas": {"value": $replicas},
    "appUser": {"value": "$user"},
    "logs": {"value": "$logs"}
  }
}
EOF
run_az deployment group create --resource-group "$group" --name connector --template-file "$template" \
  --parameters "@$work/parameters.json" --output none
url=$(run_az deployment group show --resource-group "$group" --name connector --query properties.outputs.url.value --output tsv)
[ -z "$public_host" ] || url=https://$public_host

step "Waiting until $url is ready"
# ready reports whether the newest revision serves, at the public address. That may be closed to this machine (403).
ready() {
  local revisions status
  revisions=$(find_az resource show --ids "$app_path" --api-version 2026-01-01 --output tsv \
    --query "properties.[latestRevisionName, latestReadyRevisionName]" 2>/dev/null) || return 1
  [ -n "$revisions" ] && [ "$(sort -u <<<"$revisions" | wc -l)" -eq 1 ] || return 1
  status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 "$url/readyz") || return 1
  [ "$status" = 200 ] || [ "$status" = 403 ]
}
for ((i = 0; i < 60; i++)); do
  ready && break
  sleep 5
done
ready || die 1 "The service is not ready yet. Its log, and a look at the address:" \
  "  az containerapp logs show --resource-group $group --name $name --tail 50" "  curl -v $url/readyz"
say "It is ready."
if [ "$replicas" = 1 ] && grep -qxF "$name-store" <<<"$apps"; then # of an earlier run with several instances
  run_az resource delete --ids "$app_path-store" --output none
fi

mkdir -p "$out"
options=(--host "${url#https://}")
if $sandbox; then
  options+=(--sign-in api-key --title "Partner Center CSP sandbox")
elif $keys_accepted; then
  options+=(--sign-in api-key)
else
  options+=(--sign-in "$sign_in")
  [ -z "$audience" ] || options+=(--audience "$audience")
fi
definition=("${options[@]}")
$sandbox || $keys_accepted || definition+=(--tenant-id "$tenant")
"$connector" definition --out "$out/my-connector.json" "${definition[@]}"

marker='# Written by deploy.sh or deploy.ps1 of Partner Center Connector, which replace this folder.'

# first_foreign prints the first path in a folder that is not in the folder's checksums.txt or has other content, or
# the folder itself if it has a checksums.txt of somebody else. It prints nothing for an empty folder, or none.
first_foreign() (
  [ -e "$1" ] || [ -L "$1" ] || return 0
  if [ -L "$1" ] || ! cd "$1" 2>/dev/null || ! find . ! -type d ! -path ./checksums.txt -print0 >"$work/found"; then
    say "$1"
    return
  fi
  if [ -n "$(ls -A)" ] && { [ -L checksums.txt ] || ! grep -qxF "$marker" checksums.txt 2>/dev/null; }; then
    say "$1"
    return
  fi
  while IFS= read -r -d '' file; do
    [ -f "$file" ] && grep -qxF "$(sha256 "$file")" checksums.txt 2>/dev/null && continue
    say "$1/${file#./}"
    return
  done <"$work/found"
)

# write_packages writes the packages in place of those of an earlier run. It deletes only files that are as that run
# wrote them. If it writes nothing, it sets unwritten to the reason, and status to 1 for a failure: the service runs, and
# what is left to do is printed all the same.
write_packages() {
  local foreign
  if ! "$connector" package --help >/dev/null 2>&1; then
    unwritten="none: this connector is too old to write them"
    return
  fi
  foreign=$(first_foreign "$packages")
  if [ -n "$foreign" ]; then
    unwritten="not replaced: $foreign is not as this script wrote it."
    unwritten+=$'\n'"              Rename or remove $packages, and the next run writes them anew."
    return
  fi
  if ! fresh=$(mktemp -d "$out/packages.XXXXXX"); then
    unwritten="not written: see above" status=1
    return
  fi
  trap 'rm -rf "$work" "$fresh"' EXIT
  "$connector" package --form all --out "$fresh" "${options[@]}" >/dev/null 2>"$work/error" ||
    unwritten="not written: see above"
  # The contact and the look have no option here, and the import asks for the client ID.
  grep -vE '^connector: warning: the (contact|look|client ID) ' "$work/error" >&2 || true
  if [ -n "$unwritten" ]; then
    status=1
    return
  fi
  if ! swap_packages; then
    unwritten="not written: see above" status=1
  fi
}

# swap_packages lists the checksums of the fresh packages and puts them in the place of the old ones, which it deletes
# last: whatever fails, one of the two is there.
swap_packages() {
  local old=$fresh.old
  say "$marker" >"$work/sums" &&
    (cd "$fresh" && find . -type f | while IFS= read -r file; do sha256 "$file"; done) >>"$work/sums" &&
    mv "$work/sums" "$fresh/checksums.txt" || return
  if [ -e "$packages" ] && ! mv "$packages" "$old"; then
    return 1
  fi
  if ! mv "$fresh" "$packages"; then
    [ ! -e "$old" ] || mv "$old" "$packages"
    return 1
  fi
  rm -rf "$old" || say "Remove $old, which holds the packages of before." >&2
}
packages=$out/packages
unwritten='' status=0
if ! $sandbox && ! $keys_accepted && [[ "$allowed_clients" =~ ^[0-9A-Fa-f-]{36}$ ]]; then
  options+=(--connector-client-id "$allowed_clients") # the only app that makers may come through
fi
write_packages

say "" "Done." "" "  URL         $url"
if $sandbox; then
  say "  API key     sandbox (public: anyone may use it, and it opens made-up data only)"
elif [ -n "$made" ]; then
  say "  API key     $made  (keep it: it is not stored anywhere)"
elif $keys_accepted; then
  say "  API key     unchanged"
fi
say "  definition  $out/my-connector.json" "  packages    ${unwritten:-$packages}" ""
import="Import the definition in Power Automate: Custom connectors, New custom connector, Import an OpenAPI file."
if [ -z "$unwritten" ]; then
  import="For Power Automate, Power Apps and Copilot Studio import $packages/solution/PartnerCenterConnector.zip"
  import+=" under Solutions; for Logic Apps deploy $packages/arm/azuredeploy.json."
fi
if $sandbox; then
  say "$import" "To go on with your own data, run the same command without --sandbox. The URL stays."
  exit "$status"
fi
if ! $keys_accepted; then
  import+=$'\n'"   Makers sign in with their accounts, which takes some steps after the import:"
  import+=$'\n'"   $docs/power-platform.md#after-the-import-with-entra-id"
fi
say "What is left, unless you have done it before:" ""
if $own_credential; then
  say "1. As a global administrator open https://partner.microsoft.com, the gear, Account settings, App management." \
    "   Select Add existing app, and choose $app_name, $client_id."
else
  say "1. Partner Center needs nothing: makers sign in to it themselves."
fi
say "2. Let the service try everything that a call needs:" \
  "   az containerapp exec --resource-group $group --name $name --command /check" \
  "3. $import"
if [ "$user" = prepare ]; then
  account=$(run_az deployment group show --resource-group "$group" --name connector \
    --query properties.outputs.storageAccount.value --output tsv)
  say "" "For calls with a signed-in user, get a refresh token on a machine with a browser:" "  $docs/deploy/azure.md" \
    "Then store it, and run the same command again:" \
    "  az storage file upload --account-name $account --share-name state --source refresh-token --path refresh-token"
fi
exit "$status"
