"""How programs on each platform send a photo: shown in the OpenAPI document."""

from __future__ import annotations

_ANDROID = """// OkHttp
val body = MultipartBody.Builder().setType(MultipartBody.FORM)
    .addFormDataPart("image", "card.jpg", jpeg.toRequestBody("image/jpeg".toMediaType()))
    .addFormDataPart("side", "FRONT").build()
val request = Request.Builder().url("$server/api/v1/ocr/idcard")
    .header("X-Api-Key", key).post(body).build()
client.newCall(request).execute().use { println(it.body!!.string()) }"""

_IOS = """var request = URLRequest(url: URL(string: server + "/api/v1/ocr/idcard")!)
request.httpMethod = "POST"
request.setValue(key, forHTTPHeaderField: "X-Api-Key")
request.setValue("application/json", forHTTPHeaderField: "Content-Type")
request.httpBody = try JSONSerialization.data(
    withJSONObject: ["image": jpeg.base64EncodedString(), "side": "FRONT"])
let (data, _) = try await URLSession.shared.data(for: request)"""

_WINDOWS = """using var form = new MultipartFormDataContent();
form.Add(new ByteArrayContent(jpeg), "image", "card.jpg");
form.Add(new StringContent("FRONT"), "side");
http.DefaultRequestHeaders.Add("X-Api-Key", key);
var answer = await http.PostAsync(server + "/api/v1/ocr/idcard", form);
Console.WriteLine(await answer.Content.ReadAsStringAsync());"""

_MINI_PROGRAM = """wx.chooseMedia({ count: 1, mediaType: ['image'], success: ({ tempFiles }) =>
  wx.uploadFile({
    url: server + '/api/v1/ocr/idcard', filePath: tempFiles[0].tempFilePath, name: 'image',
    formData: { side: 'FRONT', consent_version: agreedVersion }, header: { Authorization: 'Bearer ' + token },
    success: ({ statusCode, data }) => console.log(statusCode, JSON.parse(data)),
  }) })"""

_H5 = """const form = new FormData();
form.append('image', document.querySelector('input[type=file]').files[0]);
form.append('side', 'FRONT');
form.append('consent_version', agreedVersion); // 见 GET /consent-texts
const answer = await fetch('/api/v1/ocr/idcard', {
  method: 'POST', headers: { Authorization: 'Bearer ' + token }, body: form });
if (answer.status === 503) setTimeout(again, 1000 * answer.headers.get('Retry-After'));"""

CARD_SAMPLES = (
    {"lang": "Kotlin", "label": "Android", "source": _ANDROID},
    {"lang": "Swift", "label": "iOS", "source": _IOS},
    {"lang": "C#", "label": "Windows", "source": _WINDOWS},
    {"lang": "JavaScript", "label": "微信小程序", "source": _MINI_PROGRAM},
    {"lang": "JavaScript", "label": "H5、公众号", "source": _H5},
)
