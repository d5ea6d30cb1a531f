/* Words of office sheets in Chinese, Korean and English: heads of columns and what stands below them. Compared folded,
 * so blanks, brackets and traditional letters make no difference. */
#include <stdlib.h>
#include <string.h>

#include "codelist.h"
#include "map.h"
#include "money.h"
#include "text.h"

#define WORDS_MAX 32u

struct head_words {
	enum sheet_column column;
	bool weak;
	const char *words[WORDS_MAX];
};

/* Compared as a whole; what is not here is looked for as the end of a longer head, in this order. */
static const struct head_words heads[] = {
    {COLUMN_event_id, false, {"연번", "순번", "번호", "관리번호", "序号", "编号", "项目编号", "no", "id", "number"}},
    {COLUMN_end_date,
     false,
     {"종료일", "종료일자", "종료", "귀국일", "结束日期", "结束时间", "截止日期", "end", "enddate"}},
    {COLUMN_established,
     false,
     {"결연일", "결연일자", "체결일", "체결일자", "체결연월일", "결연일시", "缔结日期", "缔结时间", "结好时间",
      "结好日期", "签署日期", "签约时间", "established"}},
    {COLUMN_date, false, {"일자",     "날짜",   "일시",   "기간",     "교류일자", "교류기간", "방문기간", "방문일자",
			  "행사기간", "행사일", "시작일", "시작일자", "연월일",   "연도",     "년",       "월",
			  "일",       "日期",   "时间",   "活动时间", "活动日期", "起止时间", "来访时间", "出访时间",
			  "年份",     "年",     "月",     "日",       "date",     "when"}},
    {COLUMN_country_b, false, {"국가", "국가명", "나라", "상대국", "国家", "国别", "对方国家", "国家地区", "country"}},
    {COLUMN_city_a, false, {"우리시", "파견도시", "我市", "我方城市", "本市", "中方城市", "ourcity"}},
    {COLUMN_city_b,
     false,
     {"상대도시", "교류도시", "자매도시", "방문도시", "도시명", "도시", "상대", "결연도시", "자매우호도시", "友城",
      "友好城市", "对方城市", "交流城市", "城市", "外方城市", "来访城市", "韩方城市", "partner", "city"}},
    {COLUMN_field, false, {"분야", "교류분야", "领域", "交流领域", "合作领域", "field"}},
    {COLUMN_relation_type, false, {"결연형태", "결연구분", "결연유형", "관계", "友城类型", "关系类型", "结好类型"}},
    {COLUMN_direction,
     false,
     {"방향", "방문구분", "파견초청", "往来", "来访出访", "出访来访", "出访或来访", "direction"}},
    {COLUMN_form,
     true,
     {"형태", "교류형태", "유형", "교류유형", "구분", "종류", "행사유형", "形式", "交流形式", "活动形式", "类型",
      "类别", "活动类型", "性质", "form", "type"}},
    {COLUMN_mode, false, {"방식", "교류방식", "방법", "方式", "活动方式", "mode"}},
    {COLUMN_status, false, {"상태", "추진상황", "진행상황", "状态", "进展", "完成情况", "status"}},
    {COLUMN_actor_kind, false, {"주체", "교류주체", "主体", "单位性质"}},
    {COLUMN_organisation,
     false,
     {"주관", "주관기관", "주최", "단체명", "기관명", "기관", "단체", "主办单位", "承办单位", "组织单位", "执行单位",
      "单位", "organisation", "organization"}},
    {COLUMN_participants,
     false,
     {"인원", "참가인원", "참여인원", "방문인원", "인원수", "참석인원", "人数", "参加人数", "参与人数", "团组人数",
      "人次", "participants", "persons"}},
    {COLUMN_participants_private, false, {"민간인원", "민간", "民间人数"}},
    {COLUMN_count_of_events, false, {"횟수", "건수", "次数", "场次", "项数"}},
    {COLUMN_cost,
     false,
     {"예산", "소요예산", "사업비", "집행액", "비용", "경비", "소요액", "经费", "费用", "预算", "支出", "经费支出",
      "cost", "budget"}},
    {COLUMN_title,
     false,
     {"사업명", "행사명", "교류명", "제목", "건명", "교류사업명", "活动名称", "项目名称", "团组名称", "名称", "事项",
      "标题", "title", "event"}},
    {COLUMN_description,
     false,
     {"내용", "주요내용", "교류내용", "사업내용", "개요", "内容", "主要内容", "活动内容", "概况", "description",
      "summary"}},
    {COLUMN_source_title, false, {"출처", "근거", "来源", "信息来源", "依据", "source"}},
    {COLUMN_source_url, false, {"링크", "주소", "网址", "链接", "url"}},
    {COLUMN_note, false, {"비고", "참고", "备注", "说明", "note", "remarks"}},
};

struct value_word {
	enum sheet_column column;
	const char *word, *code;
};

/* Looked for within a value, in this order: what is more special stands first. */
static const struct value_word values[] = {
    {COLUMN_form, "의회", "council_exchange"},
    {COLUMN_form, "人大", "council_exchange"},
    {COLUMN_form, "议会", "council_exchange"},
    {COLUMN_form, "온라인", "online_meeting"},
    {COLUMN_form, "화상", "online_meeting"},
    {COLUMN_form, "线上", "online_meeting"},
    {COLUMN_form, "视频", "online_meeting"},
    {COLUMN_form, "체결", "agreement_signing"},
    {COLUMN_form, "협약", "agreement_signing"},
    {COLUMN_form, "签署", "agreement_signing"},
    {COLUMN_form, "签约", "agreement_signing"},
    {COLUMN_form, "주년", "anniversary_ceremony"},
    {COLUMN_form, "기념", "anniversary_ceremony"},
    {COLUMN_form, "周年", "anniversary_ceremony"},
    {COLUMN_form, "홈스테이", "youth_homestay"},
    {COLUMN_form, "寄宿", "youth_homestay"},
    {COLUMN_form, "학교", "school_exchange"},
    {COLUMN_form, "학생", "school_exchange"},
    {COLUMN_form, "校际", "school_exchange"},
    {COLUMN_form, "学校", "school_exchange"},
    {COLUMN_form, "공무원", "staff_exchange"},
    {COLUMN_form, "互派", "staff_exchange"},
    {COLUMN_form, "연수", "training_study"},
    {COLUMN_form, "견학", "training_study"},
    {COLUMN_form, "培训", "training_study"},
    {COLUMN_form, "研修", "training_study"},
    {COLUMN_form, "박람회", "fair_business_matching"},
    {COLUMN_form, "상담회", "fair_business_matching"},
    {COLUMN_form, "투자설명", "fair_business_matching"},
    {COLUMN_form, "展会", "fair_business_matching"},
    {COLUMN_form, "洽谈", "fair_business_matching"},
    {COLUMN_form, "推介", "fair_business_matching"},
    {COLUMN_form, "축제", "festival_performance"},
    {COLUMN_form, "공연", "festival_performance"},
    {COLUMN_form, "演出", "festival_performance"},
    {COLUMN_form, "节庆", "festival_performance"},
    {COLUMN_form, "전시", "exhibition"},
    {COLUMN_form, "展览", "exhibition"},
    {COLUMN_form, "축구", "sports_event"},
    {COLUMN_form, "체육", "sports_event"},
    {COLUMN_form, "대회", "sports_event"},
    {COLUMN_form, "体育", "sports_event"},
    {COLUMN_form, "比赛", "sports_event"},
    {COLUMN_form, "포럼", "conference_forum"},
    {COLUMN_form, "회의", "conference_forum"},
    {COLUMN_form, "论坛", "conference_forum"},
    {COLUMN_form, "会议", "conference_forum"},
    {COLUMN_form, "기증", "donation_relief"},
    {COLUMN_form, "지원", "donation_relief"},
    {COLUMN_form, "捐赠", "donation_relief"},
    {COLUMN_form, "援助", "donation_relief"},
    {COLUMN_form, "서한", "message_letter"},
    {COLUMN_form, "贺信", "message_letter"},
    {COLUMN_form, "식수", "monument_or_naming"},
    {COLUMN_form, "기념비", "monument_or_naming"},
    {COLUMN_form, "植树", "monument_or_naming"},
    {COLUMN_form, "언론", "media_visit"},
    {COLUMN_form, "취재", "media_visit"},
    {COLUMN_form, "媒体", "media_visit"},
    {COLUMN_form, "항로", "office_or_transport_link"},
    {COLUMN_form, "航线", "office_or_transport_link"},
    {COLUMN_form, "办事处", "office_or_transport_link"},
    {COLUMN_form, "사업", "joint_project"},
    {COLUMN_form, "项目", "joint_project"},
    {COLUMN_form, "방문", "delegation_visit"},
    {COLUMN_form, "대표단", "delegation_visit"},
    {COLUMN_form, "访", "delegation_visit"},
    {COLUMN_form, "代表团", "delegation_visit"},
    {COLUMN_field, "행정", "local_government_affairs"},
    {COLUMN_field, "政务", "local_government_affairs"},
    {COLUMN_field, "行政", "local_government_affairs"},
    {COLUMN_field, "경제", "economy_trade_investment"},
    {COLUMN_field, "통상", "economy_trade_investment"},
    {COLUMN_field, "투자", "economy_trade_investment"},
    {COLUMN_field, "经贸", "economy_trade_investment"},
    {COLUMN_field, "经济", "economy_trade_investment"},
    {COLUMN_field, "招商", "economy_trade_investment"},
    {COLUMN_field, "청소년", "youth_women_children"},
    {COLUMN_field, "여성", "youth_women_children"},
    {COLUMN_field, "青少年", "youth_women_children"},
    {COLUMN_field, "妇女", "youth_women_children"},
    {COLUMN_field, "관광", "tourism"},
    {COLUMN_field, "旅游", "tourism"},
    {COLUMN_field, "문화", "culture_arts"},
    {COLUMN_field, "예술", "culture_arts"},
    {COLUMN_field, "文化", "culture_arts"},
    {COLUMN_field, "艺术", "culture_arts"},
    {COLUMN_field, "人文", "culture_arts"},
    {COLUMN_field, "과학", "science_technology_innovation"},
    {COLUMN_field, "科技", "science_technology_innovation"},
    {COLUMN_field, "교육", "education_training"},
    {COLUMN_field, "연수", "education_training"},
    {COLUMN_field, "教育", "education_training"},
    {COLUMN_field, "의료", "medical_health"},
    {COLUMN_field, "보건", "medical_health"},
    {COLUMN_field, "医", "medical_health"},
    {COLUMN_field, "卫生", "medical_health"},
    {COLUMN_field, "체육", "sports"},
    {COLUMN_field, "스포츠", "sports"},
    {COLUMN_field, "축구", "sports"},
    {COLUMN_field, "体育", "sports"},
    {COLUMN_field, "환경", "environment_ecology"},
    {COLUMN_field, "环", "environment_ecology"},
    {COLUMN_field, "농업", "agriculture_fisheries_forestry"},
    {COLUMN_field, "수산", "agriculture_fisheries_forestry"},
    {COLUMN_field, "农", "agriculture_fisheries_forestry"},
    {COLUMN_field, "渔", "agriculture_fisheries_forestry"},
    {COLUMN_field, "재난", "disaster_relief_humanitarian"},
    {COLUMN_field, "구호", "disaster_relief_humanitarian"},
    {COLUMN_field, "救灾", "disaster_relief_humanitarian"},
    {COLUMN_field, "언론", "media_information"},
    {COLUMN_field, "홍보", "media_information"},
    {COLUMN_field, "媒体", "media_information"},
    {COLUMN_field, "宣传", "media_information"},
    {COLUMN_field, "도시", "urban_governance"},
    {COLUMN_field, "城市", "urban_governance"},
    {COLUMN_field, "기타", "other"},
    {COLUMN_field, "其他", "other"},
    {COLUMN_direction, "상호", "mutual"},
    {COLUMN_direction, "互访", "mutual"},
    {COLUMN_direction, "초청", "inbound"},
    {COLUMN_direction, "접수", "inbound"},
    {COLUMN_direction, "내방", "inbound"},
    {COLUMN_direction, "방한", "inbound"},
    {COLUMN_direction, "来访", "inbound"},
    {COLUMN_direction, "访华", "inbound"},
    {COLUMN_direction, "接待", "inbound"},
    {COLUMN_direction, "inbound", "inbound"},
    {COLUMN_direction, "파견", "outbound"},
    {COLUMN_direction, "방문", "outbound"},
    {COLUMN_direction, "방중", "outbound"},
    {COLUMN_direction, "出访", "outbound"},
    {COLUMN_direction, "访韩", "outbound"},
    {COLUMN_direction, "派出", "outbound"},
    {COLUMN_direction, "outbound", "outbound"},
    {COLUMN_mode, "병행", "hybrid"},
    {COLUMN_mode, "비대면", "online"},
    {COLUMN_mode, "온라인", "online"},
    {COLUMN_mode, "화상", "online"},
    {COLUMN_mode, "线上线下", "hybrid"},
    {COLUMN_mode, "线上", "online"},
    {COLUMN_mode, "视频", "online"},
    {COLUMN_mode, "대면", "onsite"},
    {COLUMN_mode, "线下", "onsite"},
    {COLUMN_mode, "现场", "onsite"},
    {COLUMN_status, "취소", "cancelled"},
    {COLUMN_status, "取消", "cancelled"},
    {COLUMN_status, "연기", "postponed"},
    {COLUMN_status, "推迟", "postponed"},
    {COLUMN_status, "延期", "postponed"},
    {COLUMN_status, "예정", "planned"},
    {COLUMN_status, "계획", "planned"},
    {COLUMN_status, "计划", "planned"},
    {COLUMN_status, "拟", "planned"},
    {COLUMN_status, "완료", "held"},
    {COLUMN_status, "개최", "held"},
    {COLUMN_status, "已", "held"},
    {COLUMN_status, "完成", "held"},
    {COLUMN_relation_type, "자매", "sister"},
    {COLUMN_relation_type, "友好交流", "friendship"},
    {COLUMN_relation_type, "友好合作", "friendship"},
    {COLUMN_relation_type, "우호", "friendship"},
    {COLUMN_relation_type, "友好城市", "sister"},
    {COLUMN_relation_type, "姐妹", "sister"},
    {COLUMN_relation_type, "양해각서", "mou"},
    {COLUMN_relation_type, "备忘录", "mou"},
    {COLUMN_relation_type, "mou", "mou"},
    {COLUMN_relation_type, "의향", "intent"},
    {COLUMN_relation_type, "意向", "intent"},
    {COLUMN_relation_type, "실무", "exchange"},
    {COLUMN_actor_kind, "의회", "council"},
    {COLUMN_actor_kind, "학교", "school_or_university"},
    {COLUMN_actor_kind, "대학", "school_or_university"},
    {COLUMN_actor_kind, "学", "school_or_university"},
    {COLUMN_actor_kind, "기업", "enterprise_or_chamber"},
    {COLUMN_actor_kind, "상공", "enterprise_or_chamber"},
    {COLUMN_actor_kind, "企业", "enterprise_or_chamber"},
    {COLUMN_actor_kind, "商会", "enterprise_or_chamber"},
    {COLUMN_actor_kind, "협회", "association_or_ngo"},
    {COLUMN_actor_kind, "민간", "association_or_ngo"},
    {COLUMN_actor_kind, "协会", "association_or_ngo"},
    {COLUMN_actor_kind, "民间", "association_or_ngo"},
    {COLUMN_actor_kind, "시민", "citizens_group"},
    {COLUMN_actor_kind, "市民", "citizens_group"},
    {COLUMN_actor_kind, "언론", "media"},
    {COLUMN_actor_kind, "시청", "municipal"},
    {COLUMN_actor_kind, "지자체", "municipal"},
    {COLUMN_actor_kind, "政府", "municipal"},
};

/* The first of several marks in a text; size when there is none. *ret_length: its own. */
static size_t mark_find(const char *text, size_t size, const char *const *marks, size_t *ret_length)
{
	for (size_t i = 0; i < size; i++) {
		for (size_t k = 0; marks[k]; k++) {
			const size_t length = strlen(marks[k]);

			if (size - i >= length && memcmp(text + i, marks[k], length) == 0) {
				*ret_length = length;
				return i;
			}
		}
	}
	*ret_length = 0;
	return size;
}

/* "(단위: 천원)" as well as "(천원)". */
const char *map_head_unit(const char *head, size_t size, size_t *ret_size)
{
	static const char *const openings[] = {"(", "（", "[", "【", NULL}, *const closings[] = {")", "）", "]", "】",
												 NULL};
	static const char *const colons[] = {": ", "：", ":", NULL};
	size_t length, begin, left;
	const size_t open = mark_find(head, size, openings, &length);
	const char *inner = head + open + length;
	const size_t close = mark_find(inner, size - open - length, closings, &length);
	const size_t colon = mark_find(inner, close, colons, &length);
	const struct money_unit *unit;

	*ret_size = open;
	if (colon < close) {
		inner += colon + length;
		unit = money_unit_find(inner, close - colon - length, &begin, &left);
	} else {
		unit = money_unit_find(inner, close, &begin, &left);
	}
	return unit && left == 0 ? unit->text : NULL;
}

/* Folded copies of a head and a word meet as a whole, or (end) the head ends with the word. */
static bool word_fits(const char *folded, const char *word, bool end)
{
	char *key;
	size_t key_size, size = strlen(folded);
	bool fits;

	if (text_fold(word, strlen(word), &key, &key_size))
		return false;
	fits = end ? key_size >= 6 && size > key_size && strcmp(folded + size - key_size, key) == 0
		   : strcmp(folded, key) == 0;
	free(key);
	return fits;
}

static bool word_within(const char *folded, const char *word)
{
	char *key;
	size_t size;
	bool within;

	if (text_fold(word, strlen(word), &key, &size))
		return false;
	within = strstr(folded, key) != NULL;
	free(key);
	return within;
}

enum sheet_column map_head_column(const char *head, size_t size, bool *ret_weak)
{
	enum sheet_column found = SHEET_COLUMN_COUNT;
	char *folded;
	size_t length;

	*ret_weak = false;
	(void)map_head_unit(head, size, &length);
	if (text_fold(head, length, &folded, &length))
		return found;
	for (int end = 0; end < 2 && length > 0; end++) {
		for (size_t i = 0; i < sizeof heads / sizeof *heads && found == SHEET_COLUMN_COUNT; i++) {
			for (const char *const *word = heads[i].words; *word; word++) {
				if (!word_fits(folded, *word, end))
					continue;
				found = heads[i].column;
				*ret_weak = heads[i].weak;
				break;
			}
		}
	}
	free(folded);
	return found;
}

int map_column_list(enum sheet_column column)
{
	switch (column) {
	case COLUMN_field:
		return CODELIST_FIELD;
	case COLUMN_form:
		return CODELIST_FORM;
	case COLUMN_actor_level:
		return CODELIST_ACTOR_LEVEL;
	case COLUMN_actor_kind:
		return CODELIST_ACTOR_KIND;
	case COLUMN_direction:
		return CODELIST_DIRECTION;
	case COLUMN_mode:
		return CODELIST_MODE;
	case COLUMN_status:
		return CODELIST_ACTIVITY_STATUS;
	case COLUMN_relation_type:
		return CODELIST_RELATION_TYPE;
	default:
		return -1;
	}
}

const char *map_value_code(enum sheet_column column, const char *value, size_t size)
{
	const int list = map_column_list(column);
	const int code = list < 0 ? -1 : codelist_find_label((enum codelist)list, value, size);
	const char *found = code < 0 ? NULL : codelist_code((enum codelist)list, (size_t)code);
	char *folded;
	size_t length;

	if (found || list < 0 || text_fold(value, size, &folded, &length))
		return found;
	for (size_t i = 0; i < sizeof values / sizeof *values && !found; i++)
		if (values[i].column == column && word_within(folded, values[i].word))
			found = values[i].code;
	free(folded);
	return found;
}
